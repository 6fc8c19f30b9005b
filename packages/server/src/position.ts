import type { Epoch, EpochId, Position, ReplicaRow, SpaceRecord } from '@whisker/protocol'

/** The epoch in which the server runs now. */
export const currentEpoch = (space: SpaceRecord): EpochId => (space.epochs.at(-1) as Epoch).id

/** The space's epochs from the one that a request named; all of them if the server knows that one not. */
export function epochsFrom(space: SpaceRecord, epoch: EpochId | undefined): readonly Epoch[] {
  const index = space.epochs.findIndex(({ id }) => id === epoch)
  return index < 0 ? space.epochs : space.epochs.slice(index)
}

/** The same for an answer that takes the request: nothing if the one that was named still is the current one. */
export const newEpochsFrom = (space: SpaceRecord, epoch: EpochId | undefined): readonly Epoch[] =>
  epoch === currentEpoch(space) ? [] : epochsFrom(space, epoch)

/**
 * Whether a client was told things that this database does not hold: it names an epoch that is not in
 * the database, or has seen more of it than there was. A client before first contact has seen nothing.
 */
export function isAheadOf(space: SpaceRecord, { cursor, seen }: Position): boolean {
  const reached = Math.max(seen, cursor.since, cursor.after)
  if (cursor.epoch === undefined) return reached > 0
  const index = space.epochs.findIndex(({ id }) => id === cursor.epoch)
  return index < 0 || reached > (space.epochs[index + 1]?.began ?? space.head)
}

/**
 * Whether a client was away for so long that tombstones which it has not seen are gone: then it cannot be told what
 * was deleted. One that starts from nothing needs no tombstones; one with a retired replica needs another.
 */
export const isExpired = ({ collected }: SpaceRecord, { cursor }: Position, replicas: readonly ReplicaRow[]): boolean =>
  (cursor.since > 0 && cursor.since < collected) || replicas.some((row) => row.isRetired)
