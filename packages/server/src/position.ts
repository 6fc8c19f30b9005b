import type { Epoch, EpochId, Position, SpaceRecord } from '@whisker/protocol'

/** The epoch in which the server runs now. */
export const currentEpoch = (space: SpaceRecord): EpochId => (space.epochs.at(-1) as Epoch).id

/** The space's epochs from the one that a request named; all of them if the server knows that one not. */
export function epochsFrom(space: SpaceRecord, epoch: EpochId | undefined): readonly Epoch[] {
  const index = space.epochs.findIndex(({ id }) => id === epoch)
  return index < 0 ? space.epochs : space.epochs.slice(index)
}

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
