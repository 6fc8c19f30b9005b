import { PROTOCOL_VERSION, type Seq } from '../messages.ts'
import type { LiveFrame } from '../ports.ts'
import { readMessage } from './message-parts.ts'
import { decodePage } from './page-codec.ts'
import { field, readInteger, refuse } from './reading.ts'

/*
 * What a server tells a subscriber: a frame, which is a page with the place that it follows, or a hint, after which the
 * subscriber pulls.
 */

/** A frame around a page that is a text already. It has to be the whole of what changed after `from`. */
export const encodeFrameAround = (from: Seq, page: string): string => `{"from":${from},${page.slice(1)}`

export const encodeHint = (): string => JSON.stringify({ v: PROTOCOL_VERSION, pull: 1 })

/** A frame, or undefined for a hint. */
export function decodeFrame(value: unknown): LiveFrame | undefined {
  const message = readMessage(value, 'frame')
  const from = field(message, 'from')
  if (Object.hasOwn(message, 'pull')) {
    readInteger(field(message, 'pull'), 'hint pull', 1, 1)
    if (from !== undefined) refuse('hint', 'no place that it follows', from)
    return undefined
  }
  const page = decodePage(value)
  const { since, after, more } = page
  if (more) refuse('frame more', 'to be left out, for a frame is all that changed', 1)
  if (after !== since) refuse('frame after', String(since), after)
  return { ...page, from: readInteger(from, 'frame from', 0, since - 1) }
}
