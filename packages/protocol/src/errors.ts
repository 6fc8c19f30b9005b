/** The codes with which a server refuses; any other code in an answer means: try again later, and tell. */
export const REFUSAL_CODES = [
  'bad_request',
  'unsupported_version',
  'needs_auth',
  'forbidden',
  'wrong_principal',
  'too_large',
  'space_full',
  'rate_limited',
  'unavailable',
  'server_error',
  'resync',
  'new_epoch',
  'replica_forked',
  'missing',
  'clock_ahead',
  'operation_rejected',
] as const

/**
 * Everything that can go wrong, by name. `docs/errors.md` explains each: when it is raised, what
 * becomes of the work, what to do.
 */
export type SyncErrorCode =
  // a local write
  | 'document_exists'
  | 'document_not_found'
  | 'unknown_collection'
  | 'invalid_value'
  | 'invalid_id'
  | 'document_too_large'
  | 'operation_too_large'
  | 'ambiguous_conflict'
  | 'conflict_not_found'
  // the engine's life
  | 'invalid_options'
  | 'closed'
  | 'stopped'
  | 'no_transport'
  | 'aborted'
  | 'pending_work'
  | 'strategy_mismatch'
  | 'merge_failed'
  // the store
  | 'store_failed'
  | 'store_in_use'
  | 'store_moved'
  | 'store_damaged'
  | 'store_newer'
  | 'store_foreign'
  | 'sqlite_unsafe'
  | 'disk_full'
  | 'insecure_context'
  | 'no_indexeddb'
  // the way to the server
  | 'network'
  | 'timeout'
  | 'insecure_url'
  | 'bad_message'
  // the server's answers
  | (typeof REFUSAL_CODES)[number]

export interface SyncErrorOptions {
  /** What the reader can do about it. */
  readonly fix?: string | undefined
  readonly cause?: unknown
  /** What a program needs to act: the path of a bad value, what the server said beside the code. */
  readonly details?: SyncErrorDetails | undefined
}
export type SyncErrorDetails = Readonly<Record<string, unknown>>

const MARK = Symbol.for('whisker.SyncError')

/** The one error type. Recognise it with `isSyncError`, so that two copies of this package agree. */
export class SyncError extends Error {
  readonly code: SyncErrorCode
  readonly fix: string | undefined
  readonly details: SyncErrorDetails

  constructor(code: SyncErrorCode, message: string, options: SyncErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SyncError'
    this.code = code
    this.fix = options.fix
    this.details = options.details ?? {}
    Object.defineProperty(this, MARK, { value: true })
  }
}

export const isSyncError = (value: unknown): value is SyncError =>
  typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[MARK] === true

/** Any thrown thing as a `SyncError`: itself if it is one, else wrapped under `code`. */
export const toSyncError = (thrown: unknown, code: SyncErrorCode): SyncError =>
  isSyncError(thrown)
    ? thrown
    : new SyncError(code, thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown })
