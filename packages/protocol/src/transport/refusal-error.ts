import { REFUSAL_CODES, SyncError, type SyncErrorCode } from '../errors.ts'
import type { Refusal } from '../messages.ts'

const SERVER_CODES: ReadonlySet<string> = new Set(REFUSAL_CODES)

/** What a server refused, as an error that carries all of it. */
export function refusalToError(refusal: Refusal, status?: number): SyncError {
  const { message, fix, retryAfterMs } = refusal
  return new SyncError(codeOf(refusal.code), message, {
    fix,
    details: { refusal, ...(status !== undefined && { status }), retryAfterMs },
  })
}

function codeOf(code: string): SyncErrorCode {
  if (SERVER_CODES.has(code)) return code as SyncErrorCode
  // What a server calls a bad message is our request; here the word is for answers
  return code === 'bad_message' ? 'bad_request' : 'server_error'
}
