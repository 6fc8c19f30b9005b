import type { Timestamp } from '../clock.ts'
import { type DocumentState, baseOf } from '../document-state.ts'
import type { Dot, ReplicaId } from '../identity.ts'
import type { JsonValue } from '../json.ts'
import type { FieldWrite, Operation, Path, WriteName } from '../operation.ts'
import { type VersionVector, addDot, EMPTY_VERSION } from '../version-vector.ts'

/** A replica id that begins with a letter of one's choice: `A` sorts before `B`. */
export const replica = (name: string): ReplicaId => name.padEnd(16, '0') as ReplicaId
export const dot = (name: string, counter: number): Dot => ({ replica: replica(name), counter })

/** `{ A: 1, B: 2 }` as a version vector. */
export const version = (counters: Readonly<Record<string, number>>): VersionVector =>
  Object.entries(counters).reduce<VersionVector>(
    (all, [name, counter]) => addDot(all, dot(name, counter)),
    EMPTY_VERSION,
  )

export const content = (path: Path, value: JsonValue | undefined): FieldWrite => ({ root: 'content', path, value })
export const metadata = (path: Path, value: JsonValue | undefined): FieldWrite => ({ root: 'metadata', path, value })

export interface Draft {
  readonly at: Dot
  readonly time: Timestamp
  /** The state its author saw, or the base itself. */
  readonly on?: DocumentState | VersionVector
  readonly delta?: readonly FieldWrite[]
  readonly keep?: readonly WriteName[]
  readonly drop?: readonly WriteName[]
  readonly document?: string
}

/** An operation with everything left out filled in; its type follows from what it writes. */
export function operation({
  at,
  time,
  on = EMPTY_VERSION,
  delta = [],
  keep = [],
  drop = [],
  document = 'doc',
}: Draft): Operation {
  const base = 'writes' in on ? baseOf(on) : on
  return { type: typeOf(delta, base), collection: 'stories', document, dot: at, time, base, delta, keep, drop }
}

function typeOf(delta: readonly FieldWrite[], base: VersionVector): Operation['type'] {
  const [first] = delta
  if (first && delta.every((write) => write.root === 'metadata')) return 'metadata_update'
  if (first?.root !== 'content' || first.path.length > 0) return 'update'
  if (first.value === undefined) return 'delete'
  return base.length === 0 ? 'create' : 'update'
}
