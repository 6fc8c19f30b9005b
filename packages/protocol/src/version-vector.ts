import { type Dot, type ReplicaId, compareReplicas } from './identity.ts'

/**
 * What has been seen of a document: for each replica, its highest counter. A list of dots sorted by
 * replica, each replica once: equal vectors are equal lists, and no replica id is ever an object's key.
 */
export type VersionVector = readonly Dot[]

export type Causality = 'equal' | 'before' | 'after' | 'concurrent'

export const EMPTY_VERSION: VersionVector = Object.freeze([])

export function counterOf(version: VersionVector, replica: ReplicaId): number {
  let low = 0
  let high = version.length
  while (low < high) {
    const middle = (low + high) >> 1
    const dot = version[middle] as Dot
    if (dot.replica === replica) return dot.counter
    if (dot.replica < replica) low = middle + 1
    else high = middle
  }
  return 0
}

export const covers = (version: VersionVector, dot: Dot): boolean => counterOf(version, dot.replica) >= dot.counter

/** The vector that has seen what either has. */
export function mergeVersions(a: VersionVector, b: VersionVector): VersionVector {
  if (a === b || b.length === 0) return a
  if (a.length === 0) return b
  const merged: Dot[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const left = a[i]
    const right = b[j]
    const order = !left ? 1 : !right ? -1 : compareReplicas(left.replica, right.replica)
    if (order < 0) merged.push(left as Dot)
    else if (order > 0) merged.push(right as Dot)
    else merged.push((left as Dot).counter >= (right as Dot).counter ? (left as Dot) : (right as Dot))
    if (order <= 0) i++
    if (order >= 0) j++
  }
  return merged
}

export const addDot = (version: VersionVector, dot: Dot): VersionVector => mergeVersions(version, [dot])

/** The vector without a replica. */
export const withoutReplica = (version: VersionVector, replica: ReplicaId): VersionVector =>
  version.some((dot) => dot.replica === replica) ? version.filter((dot) => dot.replica !== replica) : version

/** How `a` stands to `b`: before it, after it, equal, or concurrent with it. */
export function compareVersions(a: VersionVector, b: VersionVector): Causality {
  const aInB = a.every((dot) => covers(b, dot))
  const bInA = b.every((dot) => covers(a, dot))
  return aInB ? (bInA ? 'equal' : 'before') : bInA ? 'after' : 'concurrent'
}

/** The vector that has seen only what both have. */
export function commonVersion(a: VersionVector, b: VersionVector): VersionVector {
  const common: Dot[] = []
  for (const { replica, counter } of a) {
    const both = Math.min(counter, counterOf(b, replica))
    if (both > 0) common.push({ replica, counter: both })
  }
  return common
}
