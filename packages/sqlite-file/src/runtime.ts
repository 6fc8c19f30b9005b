import type * as sqlite from 'node:sqlite'
import { SyncError } from '@whisker/protocol'

export type SqliteModule = typeof sqlite

/** What a store runs on; a parameter, so that refusals of what is too old can be tested. */
export interface Runtime {
  /** As in `process.versions.node`. */
  readonly node: string
  /** Instead of what the loaded SQLite says of itself. */
  readonly sqlite?: string | undefined
}

/** The first Node whose `node:sqlite` needs no flag and prints no warning. */
const OLDEST_NODE = '24.15.0'
/** Older ones can lose what was committed: a WAL with several connections that is reset at a bad moment (the WAL-reset bug). */
const OLDEST_SQLITE = '3.51.3'

/**
 * Loads `node:sqlite` when it is needed, not when a package is imported, so that an old Node gets a sentence. Throws
 * `sqlite_unsafe`.
 */
export function loadSqlite(runtime: Runtime = { node: process.versions.node }): SqliteModule {
  if (isOlder(runtime.node, OLDEST_NODE)) throw unsafe(`Node ${OLDEST_NODE}`, `Node ${runtime.node}`)
  // Undefined where Node was built or started without it, which its types do not tell
  const module = process.getBuiltinModule('node:sqlite') as SqliteModule | undefined
  if (!module) throw unsafe('the module node:sqlite', `Node ${runtime.node} without it`)
  const version = runtime.sqlite ?? versionOf(module)
  if (isOlder(version, OLDEST_SQLITE)) throw unsafe(`SQLite ${OLDEST_SQLITE}`, `SQLite ${version}`)
  return module
}

/** Asked of SQLite itself: a Node that links the system's library runs another one than it was built with. */
function versionOf({ DatabaseSync }: SqliteModule): string {
  const database = new DatabaseSync(':memory:')
  try {
    return String(database.prepare('SELECT sqlite_version() AS version').get()?.['version'])
  } finally {
    database.close()
  }
}

function isOlder(version: string, oldest: string): boolean {
  const numbers = version.split('.').map((part) => Number.parseInt(part, 10) || 0)
  for (const [index, part] of oldest.split('.').entries()) {
    const difference = (numbers[index] ?? 0) - Number(part)
    if (difference !== 0) return difference < 0
  }
  return false
}

const unsafe = (needed: string, found: string): SyncError =>
  new SyncError('sqlite_unsafe', `The store needs ${needed} or newer, and this is ${found}.`, {
    fix: `Run the program with Node ${OLDEST_NODE} or newer, as it comes from nodejs.org.`,
  })
