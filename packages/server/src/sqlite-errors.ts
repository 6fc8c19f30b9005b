import { SyncError, type SyncErrorCode, isSyncError } from '@whisker/protocol'
import { type SqliteFault, faultOf } from '@whisker/sqlite-file'

/** What a fault of a store that is open is to its server's clients. */
const ANSWERS: Readonly<Record<SqliteFault, readonly [SyncErrorCode, string]>> = {
  busy: ['unavailable', 'The database is held by another connection.'],
  damaged: ['store_damaged', 'The database is damaged.'],
  full: ['disk_full', 'The disk that the database is on is full.'],
  readonly: ['store_failed', 'The database failed.'],
  other: ['store_failed', 'The database failed.'],
}

/** What SQLite raised, as an error of ours. What the work inside a transaction threw itself stays as it is. */
export function fromSqlite(thrown: unknown): unknown {
  const fault = faultOf(thrown)
  if (fault === undefined || isSyncError(thrown)) return thrown
  const [code, message] = ANSWERS[fault]
  return new SyncError(code, message, { cause: thrown })
}
