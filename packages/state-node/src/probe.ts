import { type BigIntStats, closeSync, openSync, readSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { isSyncError } from '@whisker/protocol'
import { pragma } from './database.ts'
import type { SqliteModule } from './runtime.ts'
import { APPLICATION_ID, checkIdentity } from './schema.ts'
import { lockPrefix } from './space-lock.ts'
import { damaged, failed, foreign, isDamage, needsRollback, textOf } from './store-errors.ts'

/** Files up to this size are checked page by page at opening; of larger ones, damage shows when it is met. */
const CHECKED_BYTES = 16 * 1024 * 1024
/** SQLite's smallest page. */
const SMALLEST_DATABASE = 512
const BUSY_MS = 5000

/** What can be seen of a file from outside; while it stays equal, nobody wrote. */
interface Footprint {
  readonly size: number
  readonly hasJournal: boolean
  readonly key: string
}

/**
 * Looks at the file before anything opens it for writing, and throws if it is not a sound store; an absent or empty
 * file is fine. Writes nothing and leaves no file behind: a file at rest is read as `immutable`, without locks, and
 * a bad verdict counts only if nobody wrote meanwhile.
 */
export function probe(sqlite: SqliteModule, path: string): void {
  for (let attempt = 1; ; attempt++) {
    const before = footprint(path)
    if (!before) return
    try {
      inspect(sqlite, path, before)
      return
    } catch (thrown) {
      if (attempt < 5 && footprint(path)?.key !== before.key) continue
      if (isSyncError(thrown) || !isDamage(thrown)) throw thrown
      throw isRecognisable(path) ? damaged(path, textOf(thrown), thrown) : foreign(path, 'something else', thrown)
    }
  }
}

function footprint(path: string): Footprint | undefined {
  const file = stat(path)
  if (!file || file.size === 0n) return undefined
  if (!file.isFile()) throw failed(path, file.isDirectory() ? 'it is a folder' : 'it is not a file', {})
  const journals = [stat(`${path}-wal`), stat(`${path}-journal`)]
  return {
    size: Number(file.size),
    hasJournal: journals.some((journal) => journal !== undefined),
    key: [file, ...journals].map((found) => `${found?.ino}:${found?.size}:${found?.mtimeNs}`).join(' '),
  }
}

function inspect(sqlite: SqliteModule, path: string, { size, hasJournal }: Footprint): void {
  if (!hasJournal) {
    read(sqlite, path, 'immutable', (database) => check(database, path, size))
    return
  }
  try {
    read(sqlite, path, 'shared', (database) => check(database, path, size))
  } catch (thrown) {
    if (!needsRollback(thrown)) throw thrown
    // Opening for writing will roll back, and look again
    read(sqlite, path, 'immutable', (database) => checkIdentity(database, path))
  }
}

function read(
  sqlite: SqliteModule,
  path: string,
  how: 'immutable' | 'shared',
  look: (database: DatabaseSync) => void,
): void {
  const url = pathToFileURL(path)
  if (how === 'immutable') url.search = '?immutable=1'
  const database = new sqlite.DatabaseSync(url, { readOnly: true, timeout: BUSY_MS })
  try {
    look(database)
  } finally {
    database.close()
  }
}

function check(database: DatabaseSync, path: string, size: number): void {
  if (size < SMALLEST_DATABASE && isRecognisable(path)) throw damaged(path, `it has only ${size} bytes`)
  checkIdentity(database, path)
  if (size > CHECKED_BYTES) return
  const found = pragma(database, 'quick_check(1)')
  if (found !== 'ok') throw damaged(path, String(found))
}

/**
 * Whether a file that SQLite cannot read was a store: its mark survived, its start was wiped or cut, or it has been
 * locked as one. Reads the bytes, which is only allowed for what is no working database: closing a file drops every
 * lock that this process holds on it.
 */
function isRecognisable(path: string): boolean {
  const header = Buffer.alloc(100)
  const file = openSync(path, 'r')
  const length = readSync(file, header)
  closeSync(file)
  const isCut = length < header.length && header.subarray(0, 15).toString('latin1') === 'SQLite format 3'
  return (
    isCut ||
    header.readUInt32BE(68) === APPLICATION_ID ||
    header.every((byte) => byte === 0) ||
    readdirSync(dirname(path)).some((name) => name.startsWith(basename(lockPrefix(path))))
  )
}

function stat(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch (cause) {
    throw failed(path, textOf(cause), { cause })
  }
}
