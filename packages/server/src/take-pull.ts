import {
  type Dot,
  type Limits,
  type PullRequest,
  type SpaceReader,
  type SpaceRecord,
  type SyncRow,
  type TailEntry,
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

/** What decides which rows a page holds. */
export type PageQuestion = Pick<PullRequest, 'cursor' | 'acknowledged' | 'limit'>

/** What a row costs beside its texts. */
const ROW_BYTES = 320

/** Where the scan goes on: a new epoch begins it again. */
export const scanStart = ({ cursor }: PageQuestion, space: SpaceRecord): number =>
  cursor.epoch === currentEpoch(space) ? Math.max(cursor.after, cursor.since) : cursor.since

/**
 * Chooses the rows of a page among those that follow the scan, of which one more than the limit was read. Left out
 * are rows that hold nothing after `since` but what the client wrote itself; they cost nothing, so a client that
 * uploaded much does not page through its own work.
 */
export function planPage(
  request: PageQuestion,
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

/** A row with all that a page may say of it. */
export interface ReadRow extends PlannedRow {
  readonly tail: readonly TailEntry[]
  /** Undefined without `withState`. */
  readonly state: string | undefined
}

/** Whether all of a document was written by one replica of the client's, up to what the client knows is here. */
export const isOwn = ({ version }: SyncRow, acknowledged: readonly Dot[]): boolean =>
  version.length === 1 && version.every((dot) => isAmong(dot, acknowledged))

/** Whether a row holds nothing but what the client wrote itself. */
export const isLeftOut = ({ row, withState, tail }: ReadRow, acknowledged: readonly Dot[]): boolean =>
  isOwn(row, acknowledged) || (!withState && tail.every((entry) => isAmong(entry, acknowledged)))

const isAmong = (dot: Dot, acknowledged: readonly Dot[]): boolean =>
  acknowledged.some(({ replica, counter }) => replica === dot.replica && dot.counter <= counter)

/** Reads what a page was planned to hold, as it is stored. */
export async function readRows(reader: SpaceReader, { rows }: PagePlan): Promise<readonly ReadRow[]> {
  const tails = await reader.tails(rows.map(({ row, after }) => ({ row, after })))
  const withState = rows.filter((planned) => planned.withState).map(({ row }) => row)
  const texts = await reader.states(withState)
  const states = new Map(withState.map((row, index) => [row, texts[index]]))
  return rows.map((planned, index) => ({ ...planned, tail: tails[index] ?? [], state: states.get(planned.row) }))
}

/** Writes a page around the stored texts, which are never parsed. */
export function encodeRows(
  { cursor, nonce }: Pick<PullRequest, 'cursor' | 'nonce'>,
  space: SpaceRecord,
  { since, after, more }: PagePlan,
  rows: readonly ReadRow[],
  nowMs: number,
): string {
  return encodePageAround(
    {
      epochs: newEpochsFrom(space, cursor.epoch),
      timeMs: nowMs,
      since,
      after,
      more,
      head: space.head,
      collected: space.collected,
      digest: more ? undefined : space.digest,
      nonce,
      strategies: Object.fromEntries(
        space.strategies.filter(({ seq }) => seq > cursor.since).map((one) => [one.collection, one.strategy]),
      ),
    },
    rows.map(({ row, state, tail }) => ({
      collection: row.collection,
      document: row.document,
      seq: row.seq,
      state,
      tail: tail.map((entry) => entry.text),
    })),
  )
}

export async function takePull(
  reader: SpaceReader,
  request: PullRequest,
  space: SpaceRecord,
  limits: Limits,
  nowMs: number,
): Promise<{ readonly text: string; readonly plan: PagePlan; readonly rowCount: number }> {
  const following = await reader.changedAfter(scanStart(request, space), request.limit + 1)
  const plan = planPage(request, space, following, limits)
  const rows = await readRows(reader, plan)
  const sent = rows.filter((row) => !isLeftOut(row, request.acknowledged))
  return { text: encodeRows(request, space, plan, sent, nowMs), plan, rowCount: sent.length }
}
