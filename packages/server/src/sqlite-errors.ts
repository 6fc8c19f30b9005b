import { SyncError, type SyncErrorCode, isSyncError } from '@whisker/protocol'

const BUSY = 5
const READONLY = 8
const CORRUPT = 11
const NOT_A_DATABASE = 26

/** Primary result codes of SQLite, as far as somebody can act on them while a store is open. */
const CODES: Readonly<Record<number, readonly [SyncErrorCode, string]>> = {
  [BUSY]: ['unavailable', 'The database is held by another process.'],
  6: ['unavailable', 'The database is held by another connection.'],
  [CORRUPT]: ['store_damaged', 'The database is damaged.'],
  13: ['disk_full', 'The disk that the database is on is full.'],
  [NOT_A_DATABASE]: ['store_damaged', 'The database is damaged.'],
}

/** The primary result code of an error that SQLite raised; undefined for any other. */
export function sqliteCode(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return undefined
  return typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : undefined
}

/** Whether the file itself is at fault: pages that contradict each other, or no database at all. */
export const isDamage = (thrown: unknown): boolean => [CORRUPT, NOT_A_DATABASE].includes(sqliteCode(thrown) ?? 0)
export const isBusy = (thrown: unknown): boolean => sqliteCode(thrown) === BUSY
/** A crashed transaction is to be rolled back, which a read-only connection cannot do. */
export const isReadonly = (thrown: unknown): boolean => sqliteCode(thrown) === READONLY

/** What SQLite raised, as an error of ours. What the work inside a transaction threw itself stays as it is. */
export function fromSqlite(thrown: unknown): unknown {
  const code = sqliteCode(thrown)
  if (code === undefined || isSyncError(thrown)) return thrown
  const [name, message] = CODES[code] ?? ['store_failed', 'The database failed.']
  return new SyncError(name, message, { cause: thrown })
}
