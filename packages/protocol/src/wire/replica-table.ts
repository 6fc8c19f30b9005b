import { type Dot, type ReplicaId, compareReplicas, isReplicaId } from '../identity.ts'
import type { VersionVector } from '../version-vector.ts'
import { type EntryKind, IndexTable, readTable } from './index-table.ts'
import { readInteger, readList, refuse } from './reading.ts'

/** A replica id stands once per message, or once per stored row. */
export class ReplicaTable extends IndexTable<ReplicaId> {
  encodeVersion(version: VersionVector): number[] {
    const flat: number[] = []
    for (const dot of version) flat.push(this.indexOf(dot.replica), dot.counter)
    return flat
  }
}

export const REPLICA_IDS: EntryKind<ReplicaId> = { what: 'a replica id', guard: isReplicaId }

export const readReplicaIds = (value: unknown, where: string): readonly ReplicaId[] =>
  readTable(value, where, REPLICA_IDS)

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
