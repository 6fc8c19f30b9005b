import {
  type Dot,
  type Limits,
  type PullRequest,
  type SpaceReader,
  type SpaceRecord,
  type SyncRow,
  encodePageAround,
} from '@whisker/protocol'
import { currentEpoch, newEpochsFrom } from './position.ts'

/** What a row is answered with: what its tail holds after `since`, or its state and all of its tail. */
export interface PlannedRow {
  readonly row: SyncRow
  readonly withState: boolean
  /** The tail is sent from here on. */
  readonly after: number
}

/** One page of a scan, before anything of its documents is read. */
export interface PagePlan {
  readonly rows: readonly PlannedRow[]
  readonly since: number
  readonly after: number
  readonly more: boolean
}

/** What a row costs beside its texts. */
const ROW_BYTES = 320

/** Where the scan goes on: a new epoch begins it again. */
export const scanStart = ({ cursor }: PullRequest, space: SpaceRecord): number =>
  cursor.epoch === currentEpoch(space) ? Math.max(cursor.after, cursor.since) : cursor.since

/**
 * Chooses the rows of a page among those that follow the scan, of which one more than the limit was read. Left out
 * are rows that hold nothing after `since` but what the client wrote itself; they cost nothing, so a client that
 * uploaded much does not page through its own work.
 */
export function planPage(
  request: PullRequest,
  space: SpaceRecord,
  following: readonly SyncRow[],
  limits: Limits,
): PagePlan {
  const { since } = request.cursor
  let after = scanStart(request, space)
  let bytes = 0
  const rows: PlannedRow[] = []
  for (const row of following.slice(0, request.limit)) {
    if (!isOwn(row, request.acknowledged)) {
      const withState = row.tailStart > since
      bytes += ROW_BYTES + row.tailBytes + (withState ? row.stateBytes : 0)
      if (bytes > limits.messageBytes && rows.length > 0) return { rows, since, after, more: true }
      rows.push({ row, withState, after: withState ? row.tailStart : since })
    }
    after = row.seq
  }
  if (following.length > request.limit) return { rows, since, after, more: true }
  return { rows, since: space.head, after: space.head, more: false }
}

/** Whether all of a document was written by one replica of the client's, up to what the client knows is here. */
const isOwn = ({ version }: SyncRow, acknowledged: readonly Dot[]): boolean =>
  version.length === 1 && version.every((dot) => isAmong(dot, acknowledged))

const isAmong = (dot: Dot, acknowledged: readonly Dot[]): boolean =>
  acknowledged.some(({ replica, counter }) => replica === dot.replica && dot.counter <= counter)

/** Reads what a page was planned to hold, and writes it around the stored texts, which are never parsed. */
export async function takePull(
  reader: SpaceReader,
  request: PullRequest,
  space: SpaceRecord,
  limits: Limits,
  nowMs: number,
): Promise<{ readonly text: string; readonly plan: PagePlan; readonly rowCount: number }> {
  const following = await reader.changedAfter(scanStart(request, space), request.limit + 1)
  const plan = planPage(request, space, following, limits)
  const tails = await reader.tails(plan.rows.map(({ row, after }) => ({ row, after })))
  const withTails = plan.rows.map((planned, index) => ({ ...planned, tail: tails[index] ?? [] }))
  const sent = withTails.filter(
    ({ withState, tail }) => withState || !tail.every((entry) => isAmong(entry, request.acknowledged)),
  )
  const withState = sent.filter((planned) => planned.withState).map(({ row }) => row)
  const texts = await reader.states(withState)
  const states = new Map(withState.map((row, index) => [row, texts[index]]))
  const { since, after, more } = plan
  const text = encodePageAround(
    {
      epochs: newEpochsFrom(space, request.cursor.epoch),
      timeMs: nowMs,
      since,
      after,
      more,
      head: space.head,
      collected: space.collected,
      digest: more ? undefined : space.digest,
      nonce: request.nonce,
      strategies: Object.fromEntries(
        space.strategies.filter(({ seq }) => seq > request.cursor.since).map((one) => [one.collection, one.strategy]),
      ),
    },
    sent.map(({ row, tail }) => ({
      collection: row.collection,
      document: row.document,
      seq: row.seq,
      state: states.get(row),
      tail: tail.map((entry) => entry.text),
    })),
  )
  return { text, plan, rowCount: sent.length }
}
