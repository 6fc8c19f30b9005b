import type { IncomingMessage } from 'node:http'
import { systemClock } from '@whisker/protocol'

/** More than the largest message, so that whoever sends a few too many bytes reads that they are too many. */
const MOST_BYTES = 16 * 1024 * 1024
const MOST_MS = 2000

/**
 * Takes in what is still to come of a body that was refused, and drops it. Whoever is answered while they send may not
 * look yet: a connection that is closed over unread bytes is reset, and with it goes an answer that waits to be read
 * (RFC 9112, 9.6). Bounded, so that what has no end is answered all the same.
 */
export async function takeRest(request: Request, incoming: Pick<IncomingMessage, 'complete'>): Promise<void> {
  if (incoming.complete || request.body === null || request.body.locked) return
  const reader = request.body.getReader()
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const stop = systemClock.after(MOST_MS, resolve)
  try {
    let bytes = 0
    while (bytes < MOST_BYTES) {
      const part = await Promise.race([reader.read(), late])
      if (!part || part.done) break
      bytes += part.value.byteLength
    }
  } catch {
    // Whoever sent it is gone.
  } finally {
    stop()
  }
}
