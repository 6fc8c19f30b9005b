import { type Dot, type ReplicaId, compareReplicas, isReplicaId } from '../identity.ts'
import type { VersionVector } from '../version-vector.ts'
import { readAs, readInteger, readList, refuse } from './reading.ts'

/** A replica id stands once per message, or once per stored row, in a table; all else names its index. */
export class ReplicaTable {
  readonly ids: ReplicaId[] = []
  readonly #indices = new Map<ReplicaId, number>()

  constructor(ids: readonly ReplicaId[] = []) {
    for (const id of ids) this.indexOf(id)
  }

  indexOf(replica: ReplicaId): number {
    let index = this.#indices.get(replica)
    if (index === undefined) {
      index = this.ids.push(replica) - 1
      this.#indices.set(replica, index)
    }
    return index
  }

  encodeVersion(version: VersionVector): number[] {
    const flat: number[] = []
    for (const dot of version) flat.push(this.indexOf(dot.replica), dot.counter)
    return flat
  }
}

export function readReplicaIds(value: unknown, where: string): readonly ReplicaId[] {
  const ids = readList(value, where, 100_000).map((id) => readAs(id, where, 'a replica id', isReplicaId))
  if (new Set(ids).size !== ids.length) refuse(where, 'each replica once', value)
  return ids
}

export const readReplica = (value: unknown, ids: readonly ReplicaId[], where: string): ReplicaId =>
  ids[readInteger(value, where, 0, ids.length - 1)] as ReplicaId

export function readDot(index: unknown, counter: unknown, ids: readonly ReplicaId[], where: string): Dot {
  return { replica: readReplica(index, ids, where), counter: readInteger(counter, where, 1) }
}

/** Reads a flat list of index, counter, index, counter … as a version vector. */
export function readVersion(value: unknown, ids: readonly ReplicaId[], where: string): VersionVector {
  const flat = readList(value, where)
  if (flat.length % 2 !== 0) refuse(where, 'pairs of replica and counter', value)
  const dots: Dot[] = []
  for (let index = 0; index < flat.length; index += 2) dots.push(readDot(flat[index], flat[index + 1], ids, where))
  dots.sort((a, b) => compareReplicas(a.replica, b.replica))
  if (dots.some((dot, index) => dot.replica === dots[index + 1]?.replica)) refuse(where, 'each replica once', value)
  return dots
}
