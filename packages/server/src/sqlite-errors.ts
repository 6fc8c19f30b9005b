import { SyncError, type SyncErrorCode, isSyncError } from '@whisker/protocol'

/** Primary result codes of SQLite, as far as somebody can act on them. */
const CODES: Readonly<Record<number, readonly [SyncErrorCode, string]>> = {
  5: ['unavailable', 'The database is held by another process.'],
  6: ['unavailable', 'The database is held by another connection.'],
  11: ['store_damaged', 'The database is damaged.'],
  13: ['disk_full', 'The disk that the database is on is full.'],
  26: ['store_damaged', 'The database is damaged.'],
}

/** The primary result code of an error that SQLite raised; undefined for any other. */
export function sqliteCode(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return undefined
  return typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : undefined
}

/** What SQLite raised, as an error of ours. What the work inside a transaction threw itself stays as it is. */
export function fromSqlite(thrown: unknown): unknown {
  const code = sqliteCode(thrown)
  if (code === undefined || isSyncError(thrown)) return thrown
  const [name, message] = CODES[code] ?? ['store_failed', 'The database failed.']
  return new SyncError(name, message, { cause: thrown })
}
