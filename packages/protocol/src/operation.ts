import type { Timestamp } from './clock.ts'
import type { Dot, ReplicaId } from './identity.ts'
import type { JsonValue } from './json.ts'
import type { VersionVector } from './version-vector.ts'

export const OPERATION_TYPES = ['create', 'update', 'delete', 'metadata_update'] as const
export type OperationType = (typeof OPERATION_TYPES)[number]

/** A document has two trees: what the app edits, and what it notes about it. */
export type Root = 'content' | 'metadata'
/** The keys from a root to a field; empty is the root itself. */
export type Path = readonly string[]

/** One field written; no value means removed. At the content root that is the delete of the document. */
export interface FieldWrite {
  readonly root: Root
  readonly path: Path
  readonly value: JsonValue | undefined
}

/** A list of field writes, none of them at or under the path of another. */
export type Delta = readonly FieldWrite[]

/** The name of a live write: the operation it came with and the place it wrote. */
export interface WriteName {
  readonly dot: Dot
  readonly root: Root
  readonly path: Path
}

export interface Operation {
  readonly type: OperationType
  readonly collection: string
  readonly document: string
  readonly dot: Dot
  readonly time: Timestamp
  /** What the author had seen of this document, cut to replicas with live writes: what it supersedes. */
  readonly base: VersionVector
  readonly delta: Delta
  /** Writes that the author had seen and leaves standing: open conflicts, copies. */
  readonly keep: readonly WriteName[]
  /** Writes that it removes without writing anything. */
  readonly drop: readonly WriteName[]
}

/** Counters whose operations were rejected or dropped: they go to the server without content. */
export interface Void {
  readonly replica: ReplicaId
  readonly from: number
  readonly to: number
}

export const NO_NAMES: readonly WriteName[] = Object.freeze([])

/** Whether `path` is `other` or leads to it. */
export const isPrefix = (path: Path, other: Path): boolean =>
  path.length <= other.length && path.every((key, index) => key === other[index])

export const samePath = (a: Path, b: Path): boolean => a.length === b.length && isPrefix(a, b)

/** Key by key, by UTF-16 code unit, so that whatever lies under a path stands right behind it. */
export function comparePaths(a: Path, b: Path): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const [left, right] = [a[index] as string, b[index] as string]
    if (left !== right) return left < right ? -1 : 1
  }
  return a.length - b.length
}

/** Whether a write is the delete of its document. */
export const isDelete = (write: FieldWrite): boolean =>
  write.value === undefined && write.root === 'content' && write.path.length === 0
