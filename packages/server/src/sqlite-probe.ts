import { type Stats, closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { isSyncError } from '@whisker/protocol'
import { isDamage, isReadonly } from './sqlite-errors.ts'
import { checkIdentity } from './sqlite-identity.ts'
import type { SqliteModule } from './sqlite-runtime.ts'
import { APPLICATION_ID } from './sqlite-schema.ts'
import { damaged, failed, foreign, textOf } from './store-errors.ts'

/** SQLite's smallest page. */
const SMALLEST_DATABASE = 512
const BUSY_TIMEOUT_MS = 2000

export const lockPath = (path: string): string => `${path}-lock`

/**
 * Looks at the file before anything opens it for writing, and throws if it is no store; an absent or empty file is
 * fine. Writes nothing: a file at rest is read as `immutable`, without locks and side files.
 */
export function probe(sqlite: SqliteModule, path: string): void {
  const file = stat(path)
  if (!file || (file.isFile() && file.size === 0)) return
  if (!file.isFile()) throw failed(path, file.isDirectory() ? 'it is a folder' : 'it is not a file')
  try {
    inspect(sqlite, path, file.size)
  } catch (thrown) {
    if (isSyncError(thrown) || !isDamage(thrown)) throw thrown
    throw isRecognisable(path) ? damaged(path, textOf(thrown), thrown) : foreign(path, 'something else', thrown)
  }
}

function inspect(sqlite: SqliteModule, path: string, size: number): void {
  if (size < SMALLEST_DATABASE && isRecognisable(path)) throw damaged(path, `it has only ${size} bytes`)
  if (!existsSync(`${path}-wal`) && !existsSync(`${path}-journal`)) {
    read(sqlite, path, 'immutable')
    return
  }
  refuseForeign(sqlite, path)
  try {
    read(sqlite, path, 'shared')
  } catch (thrown) {
    // A file that was being made when its process ended; who opens it for writing finishes that, and looks again
    if (!isReadonly(thrown)) throw thrown
  }
}

/** What is another program's without its log needs no look into that log, which could leave a side file behind. */
function refuseForeign(sqlite: SqliteModule, path: string): void {
  try {
    read(sqlite, path, 'immutable')
  } catch (thrown) {
    // Without the log, nothing else that is found counts
    if (isSyncError(thrown) && thrown.code === 'store_foreign') throw thrown
  }
}

function read(sqlite: SqliteModule, path: string, how: 'immutable' | 'shared'): void {
  const url = pathToFileURL(path)
  if (how === 'immutable') url.search = '?immutable=1'
  const database: DatabaseSync = new sqlite.DatabaseSync(url, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    checkIdentity(database, path)
  } finally {
    database.close()
  }
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
    existsSync(lockPath(path))
  )
}

function stat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    throw failed(path, textOf(cause), { cause })
  }
}
