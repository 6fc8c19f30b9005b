import { CLOSE_CODES, SyncError, type SyncErrorCode, decodeRefusal } from '@whisker/protocol'
import { refusalToError } from '@whisker/protocol/transport'

/** What a status other than 200 came with. */
export function refusalIn(message: unknown, status: number): SyncError {
  try {
    return refusalToError(decodeRefusal(message), status)
  } catch (cause) {
    return new SyncError('bad_message', `The server refused with status ${status} and no reason.`, {
      cause,
      details: { status },
    })
  }
}

/** What else than our own codes says something: a message was larger than the server takes, or it goes away. */
const STANDARD_CODES: Readonly<Record<number, SyncErrorCode>> = {
  1001: 'unavailable',
  1009: 'too_large',
  1012: 'unavailable',
  1013: 'unavailable',
}

/** Why a socket was closed, as far as its code tells. */
export function closeError(url: string, code: number, reason: string): SyncError {
  const named = Object.entries(CLOSE_CODES).find(([, one]) => one === code)?.[0] as keyof typeof CLOSE_CODES | undefined
  const known = named ?? STANDARD_CODES[code] ?? 'network'
  const why = reason === '' ? '' : `: ${reason}`
  return new SyncError(known, `The socket to ${url} was closed with code ${code}${why}.`, {
    fix: FIXES[known] ?? 'Check the connection and the url; it is tried again.',
    details: { closeCode: code },
  })
}

/** Why a socket did not come to be, which browsers tell nobody. */
export const unopenedError = (url: string, reason: string): SyncError =>
  new SyncError('network', `No socket to ${url} could be opened${reason === '' ? '' : `: ${reason}`}.`, {
    fix: 'Check the url, and that the server runs, and lists the origin of this page in `cors`. It is tried again.',
  })

const FIXES: Readonly<Partial<Record<SyncErrorCode, string>>> = {
  needs_auth: 'Sign in again, and check that the token is for this server.',
  forbidden: 'Ask for access.',
  too_large: 'Send less at once.',
  bad_message: 'Check that the url leads to a Whisker Sync server of the same version.',
}
