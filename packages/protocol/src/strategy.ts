import type { Timestamp } from './clock.ts'
import type { Dot } from './identity.ts'
import type { JsonValue } from './json.ts'
import type { Path } from './operation.ts'

export const STRATEGIES = ['auto_merge', 'last_write_wins', 'keep_both', 'manual'] as const
/** A way of looking at a document's live writes; it never changes them. */
export type Strategy = (typeof STRATEGIES)[number]
export const isStrategy = (value: unknown): value is Strategy => STRATEGIES.includes(value as Strategy)

/** What one write covers under a strategy: a field, or the whole document. */
export const unitOf = (strategy: Strategy): 'field' | 'document' =>
  strategy === 'auto_merge' || strategy === 'manual' ? 'field' : 'document'

/**
 * A collection's own choice between concurrent values of a field (or of the document, with an empty
 * path), in place of "the latest". It must be pure: the values come in timestamp order, the same on
 * every replica, and must give the same result there.
 */
export type Merge = (field: Path, values: readonly JsonValue[]) => JsonValue

/** One of the values that stand at a conflict's place. */
export interface ConflictValue {
  /** The operation that wrote it; `formatDot` gives the name under which `resolve` takes it. */
  readonly dot: Dot
  readonly time: Timestamp
  /** No value: it was removed (or the document deleted). */
  readonly value: JsonValue | undefined
  /** Whether it is what the app sees now. */
  readonly shown: boolean
}

/**
 * A place at which live writes that had not seen each other (or were left standing) give different
 * values, and no live write that saw them covers it. Values in timestamp order.
 */
export interface Conflict {
  readonly path: Path
  readonly values: readonly ConflictValue[]
}
