import type { CollectionOptions } from '@whisker/engine'
import { STRATEGIES, type Strategy } from '@whisker/protocol'

/** The documents that are written in a simulation: every leaf of text is unique in the world. */
export interface Doc {
  readonly title?: string
  readonly body?: string
  readonly place?: { readonly city?: string; readonly street?: string }
  readonly tags?: readonly string[]
  readonly padding?: string
}

/** A collection for each strategy, under its name. */
export type Docs = { readonly [S in Strategy]: Doc }

export const COLLECTIONS = Object.fromEntries(STRATEGIES.map((strategy) => [strategy, { strategy }])) as Readonly<
  Record<Strategy, CollectionOptions>
>

/** Written again and again, on all devices. */
export const HOT_IDS: readonly string[] = ['a', 'b', 'c']
