import type { Cursor, Dot, Limits, Seq, SpaceReader, SpaceRecord, SyncRow } from '@whisker/protocol'
import { type EncodedText, frameOf } from './encoded-text.ts'
import { type PagePlan, type ReadRow, encodeRows, isLeftOut, isOwn, planPage, readRows } from './take-pull.ts'

/** One snapshot of a space, in which many subscribers are answered. */
export interface FrameSnapshot {
  readonly reader: SpaceReader
  readonly frames: FramesToHead
  readonly limits: Limits
  readonly nowMs: number
}

/** The frames that lead to one head, by where they begin. */
export interface FramesToHead {
  readonly space: SpaceRecord
  from(since: Seq, read: () => Promise<FrameParts>): Promise<FrameParts>
}

/** All that changed between two seqs, read once: what each subscriber is told of it is made of the same parts. */
export class FrameParts {
  readonly #space: SpaceRecord
  readonly #cursor: Cursor
  readonly #plan: PagePlan
  readonly #rows: readonly ReadRow[]
  readonly #following: readonly SyncRow[]
  readonly #nowMs: number
  /** For all who wrote nothing of it. */
  #whole: EncodedText | undefined

  constructor(parts: {
    readonly space: SpaceRecord
    readonly cursor: Cursor
    readonly plan: PagePlan
    readonly rows: readonly ReadRow[]
    readonly following: readonly SyncRow[]
    readonly nowMs: number
  }) {
    this.#space = parts.space
    this.#cursor = parts.cursor
    this.#plan = parts.plan
    this.#rows = parts.rows
    this.#following = parts.following
    this.#nowMs = parts.nowMs
  }

  /** Whether it is more than a frame holds. Then there is no frame of it. */
  get more(): boolean {
    return this.#plan.more
  }

  /** What it takes up, in about as many bytes. */
  get size(): number {
    return this.#rows.reduce((sum, { row, tail, state }) => {
      const texts = tail.reduce((total, { text }) => total + text.length, state?.length ?? 0)
      return sum + row.document.length + 2 * texts
    }, 0)
  }

  /** The frame without what somebody wrote; for all who wrote nothing of it the very same. */
  frameFor(acknowledged: readonly Dot[]): EncodedText {
    const sent = this.#rows.filter((row) => !isLeftOut(row, acknowledged))
    if (sent.length < this.#rows.length) return this.#encode(sent)
    return (this.#whole ??= this.#encode(this.#rows))
  }

  /** Whether it might be few enough rows without those that somebody wrote all of. */
  fitsWithout(acknowledged: readonly Dot[]): boolean {
    return this.#following.some((row) => isOwn(row, acknowledged))
  }

  #encode(rows: readonly ReadRow[]): EncodedText {
    const request = { cursor: this.#cursor, nonce: undefined }
    return frameOf(this.#cursor.since, encodeRows(request, this.#space, this.#plan, rows, this.#nowMs))
  }
}

/** Reads all that changed after a cursor, for nobody in particular. */
export async function readFrameParts(
  cursor: Cursor,
  { reader, frames: { space }, limits, nowMs }: FrameSnapshot,
): Promise<FrameParts> {
  const { pageRows } = limits
  const following = await reader.changedAfter(cursor.since, pageRows + 1)
  const plan = planPage({ cursor, acknowledged: [], limit: pageRows }, space, following, limits)
  const rows = plan.more ? [] : await readRows(reader, plan)
  return new FrameParts({ space, cursor, plan, rows, following: plan.more ? following : [], nowMs })
}
