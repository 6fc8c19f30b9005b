import { CLOSE_CODES, type Random } from '@whisker/protocol'
import { type RefusedRequest, refusalOf } from './refusal.ts'

/** For what has no time of its own: from so long on, over as long again, somebody else may have gone. */
const RETRY_MS = 5000

export const retryLater = (random: Random): number => Math.ceil(RETRY_MS * (1 + random.fraction()))

export const tooMany = (what: string, retryAfterMs: number): RefusedRequest => ({
  status: 429,
  refusal: refusalOf('rate_limited', `There are too many ${what}.`, { retryAfterMs }),
})

export const isFull = (message: string, retryAfterMs: number): RefusedRequest => ({
  status: 503,
  refusal: refusalOf('unavailable', message, { retryAfterMs }),
})

export const badRequest = (message: string): RefusedRequest => ({
  status: 400,
  refusal: refusalOf('bad_request', message),
})

/** With what a socket is closed that is refused with a code. */
export function closeCodeOf(code: string): number {
  if (code === 'bad_request') return CLOSE_CODES.bad_message
  if (code === 'wrong_principal') return CLOSE_CODES.forbidden
  return Object.hasOwn(CLOSE_CODES, code) ? CLOSE_CODES[code as keyof typeof CLOSE_CODES] : CLOSE_CODES.server_error
}
