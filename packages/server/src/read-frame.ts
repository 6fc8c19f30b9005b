import type { Clock, Cursor, PullRequest, Seq, SyncStore } from '@whisker/protocol'
import { admitReader, admitTo } from './admit-reader.ts'
import { type EncodedText, frameOf } from './encoded-text.ts'
import { type FrameSnapshot, readFrameParts } from './frame-parts.ts'
import type { OwnPushes } from './own-pushes.ts'
import { currentEpoch } from './position.ts'
import type { Principal } from './principal.ts'
import { takePull } from './take-pull.ts'

/** What a subscriber is sent at most without taking it in, and so what a frame holds at most, but for a single row. */
export const MOST_UNREAD_BYTES: number = 1024 * 1024

export interface Subscriber {
  /** Who it is by now. */
  readonly principal: () => Principal
  readonly request: PullRequest
  readonly own: OwnPushes
}

/** What is to be told of a change. */
export interface ReadFrame {
  /** Where a subscriber stands who was told. */
  readonly to: Seq
  /** Undefined if there is more than a frame holds, or if none was wanted. */
  readonly frame: EncodedText | undefined
}

/** Where a subscriber begins: at the head. Throws what they are refused with. */
export const readStart = async (
  { request, principal }: Subscriber,
  { store, clock }: { readonly store: SyncStore; readonly clock: Clock },
): Promise<Cursor> =>
  store.read(request.space, async (reader) => {
    const { space } = await admitReader(reader, request, principal(), clock.now())
    return { epoch: currentEpoch(space), since: space.head, after: space.head }
  })

/** What a subscriber asks after a change. */
export interface FrameQuestion {
  readonly subscriber: Subscriber
  readonly cursor: Cursor
  readonly isWanted: boolean
}

/**
 * What changed after a cursor, with the rights of who asks as the same snapshot has them; undefined if nothing did. Throws
 * what they are refused with.
 */
export async function readFrame(
  { subscriber, cursor, isWanted }: FrameQuestion,
  snapshot: FrameSnapshot,
): Promise<ReadFrame | undefined> {
  const { request, principal, own } = subscriber
  const { reader, frames, limits, nowMs } = snapshot
  const { space } = frames
  // Within the snapshot: all that it shows was told before.
  const asked = (): PullRequest => ({
    ...request,
    cursor,
    seen: cursor.since,
    acknowledged: [...request.acknowledged, ...own.acknowledgedTo(request.device.id)],
    limit: limits.pageRows,
    // A frame answers no request.
    nonce: undefined,
  })
  await admitTo(space, reader, asked(), principal(), nowMs)
  if (space.head === cursor.since) return undefined
  if (!isWanted) return { to: space.head, frame: undefined }
  const { acknowledged } = asked()
  const parts = await frames.from(cursor.since, async () => readFrameParts(cursor, snapshot))
  if (!parts.more) return { to: space.head, frame: parts.frameFor(acknowledged) }
  return { to: space.head, frame: parts.fitsWithout(acknowledged) ? await readOwn(asked(), snapshot) : undefined }
}

/** All of it is too much for a frame, but much of it is the subscriber's own. */
async function readOwn(
  request: PullRequest,
  { reader, frames: { space }, limits, nowMs }: FrameSnapshot,
): Promise<EncodedText | undefined> {
  const { text, plan } = await takePull(reader, request, space, limits, nowMs)
  return plan.more ? undefined : frameOf(request.cursor.since, text)
}
