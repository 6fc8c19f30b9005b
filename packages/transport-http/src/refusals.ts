import { type Clock, type Refusal, SyncError, type SyncErrorCode, decodeRefusal, parseJson } from '@whisker/protocol'
import { refusalToError } from '@whisker/protocol/transport'

/**
 * What a status means when nothing of ours explains it: it came from something between us and the server. With 502 and 503
 * a proxy says that it does not reach it, as while it starts again.
 */
const STATUS_CODES: Readonly<Record<number, SyncErrorCode>> = {
  401: 'needs_auth',
  403: 'forbidden',
  408: 'timeout',
  413: 'too_large',
  425: 'unavailable',
  429: 'rate_limited',
  502: 'network',
  503: 'network',
  504: 'timeout',
}

const NOT_FOUND = 404
const FIX_PATH = "Check the transport's url and its path prefix."

/** An answer that is not a success, read. */
export interface Refused {
  readonly what: string
  readonly status: number
  readonly retryAfter: string | null
  readonly text: string
}

export function refusalError(answer: Refused, clock: Clock): SyncError {
  const { status } = answer
  const delayMs = retryAfterMs(answer.retryAfter, clock)
  const told = refusalIn(answer.text)
  if (!told) {
    const code = STATUS_CODES[status] ?? (status >= 500 ? 'server_error' : 'bad_request')
    return new SyncError(code, `${answer.what} was answered with status ${status} and no reason.`, {
      fix: status === NOT_FOUND ? FIX_PATH : FIXES[code],
      details: { status, retryAfterMs: delayMs },
    })
  }
  const refused = refusalToError({ ...told, retryAfterMs: told.retryAfterMs ?? delayMs }, status)
  if (status !== NOT_FOUND || refused.code !== 'bad_request') return refused
  const { code, message, details } = refused
  return new SyncError(code, `${answer.what} was answered: ${message}`, { fix: FIX_PATH, details })
}

function refusalIn(text: string): Refusal | undefined {
  try {
    return decodeRefusal(parseJson(text))
  } catch {
    return undefined
  }
}

/** Both forms of the header, in milliseconds from now; undefined for anything else. */
export function retryAfterMs(header: string | null, clock: Clock): number | undefined {
  const text = header?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  // Only what looks like an HTTP date: `Date.parse` reads almost anything
  const time = /^[A-Z][a-z]{2,8},? .*GMT$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : Math.max(0, time - clock.now())
}

const FIXES: Readonly<Partial<Record<SyncErrorCode, string>>> = {
  needs_auth: 'Sign in again, and check that the token is for this server.',
  forbidden: 'Ask for access, and check that nothing between here and the server forbids it.',
  too_large: 'Send less at once, or raise the limit of what stands before the server.',
  bad_request: 'Check that the url leads to a Whisker Sync server, with its path prefix if it has one.',
  timeout: 'Try again later.',
  rate_limited: 'Try again later.',
  unavailable: 'Try again later.',
  network: 'Check that the server runs, and that what stands before it reaches it; the request is repeated.',
  server_error: 'Try again later; the log of the server tells more.',
}
