import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { SyncError } from '@whisker/protocol'
import { isBusy } from './sqlite-errors.ts'
import { checkIdentity, pragma } from './sqlite-identity.ts'
import { lockPath, probe } from './sqlite-probe.ts'
import { type Runtime, type SqliteModule, loadSqlite } from './sqlite-runtime.ts'
import { createSchema } from './sqlite-schema.ts'
import { damaged, failed, toStoreError } from './store-errors.ts'

export interface OpenedDatabase {
  readonly writer: DatabaseSync
  /** A second connection for snapshots; undefined in memory, where there is but one. */
  readonly reader: DatabaseSync | undefined
  close(): void
}

/** Up to this size, every page is checked when a file is opened. */
const CHECKED_BYTES = 16 * 1024 * 1024
const BUSY_TIMEOUT_MS = 2000

/** Opens a store's file, or refuses it and leaves it as it is. */
export function openDatabase(path: string, runtime: Runtime = { node: process.versions.node }): OpenedDatabase {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new SyncError('invalid_options', `Expected the path of a file, got ${JSON.stringify(path)}.`, {
      fix: "Write sqliteStore('sync.db').",
    })
  }
  const file = path === ':memory:' ? path : resolve(path)
  const sqlite = loadSqlite(runtime)
  try {
    return file === ':memory:' ? openMemory(sqlite) : openFile(sqlite, realPath(file))
  } catch (thrown) {
    throw toStoreError(thrown, file)
  }
}

function openMemory(sqlite: SqliteModule): OpenedDatabase {
  const writer = new sqlite.DatabaseSync(':memory:')
  writer.exec('PRAGMA foreign_keys = ON')
  createSchema(writer)
  return { writer, reader: undefined, close: () => writer.close() }
}

function openFile(sqlite: SqliteModule, path: string): OpenedDatabase {
  probe(sqlite, path)
  const lock = holdLock(sqlite, path)
  const opened: DatabaseSync[] = [lock]
  const close = (): void => {
    for (const database of opened.toReversed()) database.close()
  }
  try {
    const writer = new sqlite.DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    opened.push(writer)
    // Looked at once more: another process may have made something between the look and the lock.
    const found = checkIdentity(writer, path)
    configure(writer, path)
    if (found === 'empty') createSchema(writer)
    checkWhole(writer, path)
    const reader = new sqlite.DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
    opened.push(reader)
    return { writer, reader, close }
  } catch (thrown) {
    close()
    throw thrown
  }
}

/** The one name of a file that several lead to, so that all of them meet at the same lock. */
function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return join(realFolder(file), basename(file))
  }
}

function realFolder(file: string): string {
  try {
    return realpathSync(dirname(file))
  } catch (cause) {
    throw failed(file, 'its folder does not exist or cannot be read', {
      fix: `Make the folder ${dirname(file)} first.`,
      cause,
    })
  }
}

/** An exclusive transaction on a file beside the store, which ends with the process however that ends. */
function holdLock(sqlite: SqliteModule, path: string): DatabaseSync {
  const lock = new sqlite.DatabaseSync(lockPath(path), { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    if (!isBusy(cause)) throw cause
    throw new SyncError('store_in_use', `The store ${path} is in use by another server, here or in another process.`, {
      fix: 'Close the other server first, or run one server process for each store.',
      cause,
    })
  }
}

/** What the promises rest on, set and read back. */
const SETTINGS: readonly (readonly [name: string, value: string, expected: unknown])[] = [
  ['journal_mode', 'WAL', 'wal'],
  ['synchronous', 'FULL', 2],
  ['fullfsync', 'ON', 1],
  ['checkpoint_fullfsync', 'ON', 1],
  ['foreign_keys', 'ON', 1],
  ['mmap_size', '0', 0],
]

function configure(writer: DatabaseSync, path: string): void {
  for (const [name, value, expected] of SETTINGS) {
    writer.exec(`PRAGMA ${name} = ${value}`)
    const got = pragma(writer, name)
    if (got === undefined || got === expected) continue
    throw failed(path, `SQLite does not take ${name} = ${value} for it, it stays at ${JSON.stringify(got)}`, {
      fix: 'Put the file on a local disk: network file systems cannot share the memory that WAL needs.',
    })
  }
}

function checkWhole(writer: DatabaseSync, path: string): void {
  checkIdentity(writer, path)
  if (statSync(path).size > CHECKED_BYTES) return
  const found = pragma(writer, 'quick_check(1)')
  if (found !== 'ok') throw damaged(path, String(found))
}
