import type { Timestamp } from './clock.ts'
import { type Dot, type ReplicaId, compareDots, compareReplicas, sameDot } from './identity.ts'
import {
  type FieldWrite,
  NO_NAMES,
  type Operation,
  type WriteName,
  comparePaths,
  isDelete,
  samePath,
} from './operation.ts'
import { EMPTY_VERSION, type VersionVector, addDot, compareVersions, covers, mergeVersions } from './version-vector.ts'

/** A field write that nothing has superseded, with the stamp of the operation it came with. */
export interface Write extends FieldWrite {
  readonly dot: Dot
  readonly time: Timestamp
  /** What its author had seen, cut to the writes that are still live. */
  readonly base: VersionVector
  /** What its author had seen and left standing, cut to the writes that are still live. */
  readonly keep: readonly WriteName[]
}

/** A document: the operations it has integrated, and the fold of them that still matters. */
export interface DocumentState {
  readonly version: VersionVector
  readonly writes: readonly Write[]
}

export const EMPTY_STATE: DocumentState = Object.freeze({ version: EMPTY_VERSION, writes: Object.freeze([]) })

/**
 * The state with one more operation. Idempotent; concurrent operations commute. The operations of one
 * document must arrive in causal order.
 */
export function apply(state: DocumentState, operation: Operation): DocumentState {
  if (covers(state.version, operation.dot)) return state
  const kills = killsOf(operation)
  const survivors = state.writes.filter((write) => !kills(write))
  const written = operation.delta.map((field) => stamp(operation, field))
  const version = addDot(state.version, operation.dot)
  if (survivors.length === state.writes.length)
    return { version, writes: [...survivors, ...cutEach(written, state.writes)] }
  return { version, writes: cutEach([...survivors, ...written]) }
}

/** The state that has integrated what either has. Idempotent, commutative, associative. */
export function join(a: DocumentState, b: DocumentState): DocumentState {
  const order = compareVersions(a.version, b.version)
  if (order === 'equal' || order === 'after') return a
  if (order === 'before') return b
  const ours = new Map(a.writes.map((write) => [nameKey(write), write]))
  const theirs = new Map(b.writes.map((write) => [nameKey(write), write]))
  const writes: Write[] = []
  for (const [key, write] of ours) {
    const twin = theirs.get(key)
    if (twin) writes.push(mergeTwins(write, twin))
    else if (!covers(b.version, write.dot)) writes.push(write)
  }
  for (const [key, write] of theirs) if (!ours.has(key) && !covers(a.version, write.dot)) writes.push(write)
  return { version: mergeVersions(a.version, b.version), writes: cutEach(writes.sort(compareByName)) }
}

/** The base of an operation made by someone who saw `state`: its version, cut to its live writes. */
export const baseOf = (state: DocumentState): VersionVector => cutVersion(state.version, liveCounters(state.writes))

/** Whether the author of `later` had seen `write` and did not leave it standing. */
export const supersedes = (
  later: { readonly base: VersionVector; readonly keep: readonly WriteName[] },
  write: WriteName,
): boolean => covers(later.base, write.dot) && !later.keep.some((name) => sameName(name, write))

export const sameName = (a: WriteName, b: WriteName): boolean =>
  sameDot(a.dot, b.dot) && a.root === b.root && samePath(a.path, b.path)

export const nameOf = (write: WriteName): WriteName => ({ dot: write.dot, root: write.root, path: write.path })

/**
 * The order of writes everywhere: by time, then by replica id, bytewise, then by counter. Writes of one
 * operation stand by their paths, so that views do not depend on the order in which a state holds them.
 */
export const compareWrites = (a: Write, b: Write): number =>
  a.time - b.time || compareDots(a.dot, b.dot) || comparePaths(a.path, b.path)

/** Whether two states have integrated the same and hold the same live writes, in whatever order. */
export function sameState(a: DocumentState, b: DocumentState): boolean {
  if (compareVersions(a.version, b.version) !== 'equal' || a.writes.length !== b.writes.length) return false
  const names = new Set(b.writes.map(nameKey))
  return a.writes.every((write) => names.has(nameKey(write)))
}

/** Which writes an operation ends: those it drops, and those it had seen at or under a place it writes. */
export function killsOf(operation: Operation): (write: FieldWrite & { readonly dot: Dot }) => boolean {
  const dropped = namesIn(operation.drop)
  const kept = namesIn(operation.keep)
  const places = new Set(operation.delta.filter((field) => !isDelete(field)).map(placeKey))
  const deletes = operation.delta.some(isDelete)
  return (write) => {
    if (dropped?.has(nameKey(write))) return true
    if (!covers(operation.base, write.dot) || kept?.has(nameKey(write))) return false
    if (deletes && isDelete(write)) return true
    for (let length = 0; length <= write.path.length && places.size > 0; length++) {
      if (places.has(placeKey({ root: write.root, path: write.path.slice(0, length) }))) return true
    }
    return false
  }
}

const namesIn = (names: readonly WriteName[]): ReadonlySet<string> | undefined =>
  names.length > 0 ? new Set(names.map(nameKey)) : undefined

const placeKey = ({ root, path }: Pick<FieldWrite, 'root' | 'path'>): string => root + JSON.stringify(path)

const stamp = ({ dot, time, base, keep }: Operation, { root, path, value }: FieldWrite): Write => ({
  dot,
  time,
  base,
  keep,
  root,
  path,
  value,
})

/** A base may have been cut on one side to writes that are dead on the other: together they say all that is left. */
const mergeTwins = (a: Write, b: Write): Write =>
  a.base === b.base && a.keep === b.keep
    ? a
    : {
        ...a,
        base: mergeVersions(a.base, b.base),
        keep: [...a.keep, ...b.keep.filter((name) => !a.keep.some((other) => sameName(name, other)))],
      }

/** Cuts what each write says it has seen to the writes that are live among `writes` and `others`. */
function cutEach(writes: readonly Write[], others: readonly Write[] = []): readonly Write[] {
  if (writes.every((write) => write.base.length === 0 && write.keep.length === 0)) return writes
  const all = [...writes, ...others]
  const live = liveCounters(all)
  const names = writes.some((write) => write.keep.length > 0) ? new Set(all.map(nameKey)) : undefined
  const isLive = (name: WriteName): boolean => names?.has(nameKey(name)) ?? false
  return writes.map((write) => {
    const base = cutVersion(write.base, live)
    const keep = write.keep.every(isLive) ? write.keep : write.keep.filter(isLive)
    return base === write.base && keep === write.keep ? write : { ...write, base, keep: keep.length ? keep : NO_NAMES }
  })
}

/** The counters of the live writes, per replica, rising. */
function liveCounters(writes: readonly Write[]): ReadonlyMap<ReplicaId, readonly number[]> {
  const counters = new Map<ReplicaId, number[]>()
  for (const { dot } of writes) {
    const known = counters.get(dot.replica)
    if (known) known.push(dot.counter)
    else counters.set(dot.replica, [dot.counter])
  }
  for (const list of counters.values()) list.sort((a, b) => a - b)
  return counters
}

/** The vector with each counter lowered to the highest live one it covers; entries that cover none are left out. */
function cutVersion(version: VersionVector, live: ReadonlyMap<ReplicaId, readonly number[]>): VersionVector {
  let changed = false
  const cut: Dot[] = []
  for (const dot of version) {
    const counter = highestUpTo(live.get(dot.replica), dot.counter)
    if (counter === dot.counter) cut.push(dot)
    else if (counter > 0) cut.push({ replica: dot.replica, counter })
    if (counter !== dot.counter) changed = true
  }
  return changed ? (cut.length ? cut : EMPTY_VERSION) : version
}

function highestUpTo(rising: readonly number[] | undefined, bound: number): number {
  if (!rising) return 0
  let low = 0
  let high = rising.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rising[middle] as number) <= bound) low = middle + 1
    else high = middle
  }
  return low === 0 ? 0 : (rising[low - 1] as number)
}

/** A write's name as a text. */
export const nameKey = ({ dot, root, path }: WriteName): string =>
  `${dot.replica}:${dot.counter}:${root}:${JSON.stringify(path)}`

const compareByName = (a: Write, b: Write): number =>
  compareReplicas(a.dot.replica, b.dot.replica) || a.dot.counter - b.dot.counter || (nameKey(a) < nameKey(b) ? -1 : 1)
