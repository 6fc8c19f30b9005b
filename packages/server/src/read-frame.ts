import { type Cursor, type PullRequest, type Seq, encodeFrameAround } from '@whisker/protocol'
import { admitReader } from './admit-reader.ts'
import type { OwnPushes } from './own-pushes.ts'
import { currentEpoch } from './position.ts'
import type { Principal } from './server-options.ts'
import type { SpaceServices } from './space-requests.ts'
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
  readonly text: string | undefined
}

/** Where a subscriber begins: at the head. Throws what they are refused with. */
export const readStart = async ({ request, principal }: Subscriber, services: SpaceServices): Promise<Cursor> =>
  services.store.read(request.space, async (reader) => {
    const { space } = await admitReader(reader, request, principal(), services.clock.now())
    return { epoch: currentEpoch(space), since: space.head, after: space.head }
  })

/**
 * Reads what changed after a cursor, in one snapshot with the rights of who asks; undefined if nothing did. Throws what
 * they are refused with.
 */
export async function readFrame(
  { request, principal, own }: Subscriber,
  cursor: Cursor,
  isWanted: boolean,
  { store, clock, limits }: SpaceServices,
): Promise<ReadFrame | undefined> {
  const nowMs = clock.now()
  const bounds = { ...limits, messageBytes: Math.min(limits.messageBytes, MOST_UNREAD_BYTES) }
  // Asked for anew within the snapshot: all that it shows was told before.
  const asked = (): PullRequest => ({
    ...request,
    cursor,
    seen: cursor.since,
    acknowledged: [...request.acknowledged, ...own.acknowledgedTo(request.device.id)],
    limit: limits.pageRows,
    // A frame answers no request.
    nonce: undefined,
  })
  return store.read(request.space, async (reader) => {
    const { space } = await admitReader(reader, asked(), principal(), nowMs)
    if (space.head === cursor.since) return undefined
    if (!isWanted) return { to: space.head, text: undefined }
    const { text, plan } = await takePull(reader, asked(), space, bounds, nowMs)
    return { to: space.head, text: plan.more ? undefined : encodeFrameAround(cursor.since, text) }
  })
}
