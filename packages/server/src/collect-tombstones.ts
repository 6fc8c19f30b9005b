import type { ReplicaRow, Seq, SpaceReader, SpaceTransaction, SyncStore } from '@whisker/protocol'
import { noChanges } from './space-changes.ts'

/** What a pass over a space came to. */
export interface CollectedTombstones {
  /** Every tombstone up to this seq is gone. */
  readonly collected: Seq
  /** How many documents were removed. */
  readonly removed: number
  /** How many replicas were retired. */
  readonly retired: number
}

export interface Retention {
  readonly nowMs: number
  readonly retentionMs: number
}

/** A transaction removes at most so many rows: nobody shall wait long behind it. */
const BATCH_ROWS = 500

/**
 * Retires the replicas that were silent for longer than the retention, and removes the tombstones that are older and
 * that all others have seen. Ends early, with less done, once `isOver`.
 */
export async function collectTombstones(
  space: string,
  store: SyncStore,
  retention: Retention,
  isOver: () => boolean,
): Promise<CollectedTombstones> {
  const { collected: before, upTo, retired } = await store.write(space, (transaction) => retire(transaction, retention))
  let collected = before
  let removed = 0
  while (collected < upTo && !isOver()) {
    const batch = await store.write(space, (transaction) => removeBatch(transaction, upTo))
    collected = batch.collected
    removed += batch.count
    if (batch.count === 0) break
  }
  return { collected, removed, retired }
}

/** Retires who is gone. Tells up to where the tombstones may go now. */
async function retire(
  transaction: SpaceTransaction,
  retention: Retention,
): Promise<{ readonly collected: Seq; readonly upTo: Seq; readonly retired: number }> {
  const space = await transaction.space()
  const replicas = await transaction.allReplicas()
  const silent = replicas.filter((row) => !row.isRetired && isSilent(row, retention))
  if (silent.length > 0) {
    await transaction.put({
      ...noChanges(space),
      replicas: silent.map((row) => ({
        row: { ...row, isRetired: true },
        checks: [],
        forgetUpTo: row.last.counter,
      })),
    })
  }
  const horizon = Math.min(space.head, await horizonOf(transaction, replicas, retention))
  // Younger ones below it go too, should the clock have jumped: what clients are told is a seq, and it has to be exact.
  const upTo = await transaction.lastTombstone(horizon, retention.nowMs - retention.retentionMs)
  return { collected: space.collected, upTo, retired: silent.length }
}

/**
 * What every replica has seen that may come back. One at 0 holds back nothing, or every visitor who never returns
 * would: it starts from nothing and is told of all that is there.
 */
async function horizonOf(reader: SpaceReader, replicas: readonly ReplicaRow[], retention: Retention): Promise<Seq> {
  let horizon = Number.MAX_SAFE_INTEGER
  for (const row of replicas) {
    if (row.isRetired || row.since === 0 || row.since >= horizon || isSilent(row, retention)) continue
    if ((await reader.revokedAt(row.device.id)) === undefined) horizon = row.since
  }
  return horizon
}

const isSilent = ({ seenMs }: ReplicaRow, { nowMs, retentionMs }: Retention): boolean => nowMs - seenMs > retentionMs

/** Removes the next tombstones; none, if another pass was quicker or somebody brought the last ones back. */
async function removeBatch(
  transaction: SpaceTransaction,
  upTo: Seq,
): Promise<{ readonly collected: Seq; readonly count: number }> {
  const space = await transaction.space()
  const removed = await transaction.tombstones(upTo, BATCH_ROWS)
  const last = removed.at(-1)
  if (!last) return { collected: space.collected, count: 0 }
  const bytes = removed.reduce((sum, row) => sum + row.stateBytes + row.tailBytes, 0)
  await transaction.put({
    ...noChanges(space),
    collected: last.seq,
    usage: { documents: space.usage.documents - removed.length, bytes: space.usage.bytes - bytes },
    removed,
  })
  return { collected: last.seq, count: removed.length }
}
