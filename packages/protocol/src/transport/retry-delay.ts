import type { Random } from '../environment.ts'
import type { SyncErrorCode } from '../errors.ts'

const FIRST_MS = 1000
const MOST_MS = 60_000
/** A token may turn valid at any time, and asking costs one small answer. */
const MOST_FOR_AUTH_MS = 8000

/**
 * How long to wait before the next try, in milliseconds: full jitter over a window that doubles from one
 * second to sixty, with the server's wish as the floor (up to sixty seconds, with its own jitter, so that
 * clients told the same do not return at once). There is no last try.
 */
export function retryDelay(
  attempt: number,
  code: SyncErrorCode,
  retryAfterMs: number | undefined,
  random: Random,
): number {
  const most = code === 'needs_auth' ? MOST_FOR_AUTH_MS : MOST_MS
  const window = Math.min(most, FIRST_MS * 2 ** Math.min(attempt - 1, 10))
  const jitter = Math.max(50, random.fraction() * window)
  return retryAfterMs === undefined ? jitter : Math.min(MOST_MS, retryAfterMs) + random.fraction() * FIRST_MS
}
