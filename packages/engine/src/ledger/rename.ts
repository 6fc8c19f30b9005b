import type { ReplicaId } from '@whisker/protocol'

/** A replica goes by another id. */
export interface Rename {
  readonly from: ReplicaId
  readonly to: ReplicaId
  /** By document (see `keyOf`): the old counters and the new ones. */
  readonly names: ReadonlyMap<string, ReadonlyMap<number, number>>
}
