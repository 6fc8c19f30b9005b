import type { CollectionOptions } from '@whisker/engine'
import type { JsonObject, JsonValue, Strategy } from '@whisker/protocol'

/*
 * What is typed, where and in which order. The acts play it; `expected.ts` works out on its own what must
 * come of it.
 */

export const SPACE = 'travel-novel'

/** One collection for each way of treating what two devices wrote at the same time. */
export const COLLECTIONS = {
  atlas: { strategy: 'auto_merge' },
  notes: { strategy: 'last_write_wins' },
  drafts: { strategy: 'keep_both' },
  chapters: { strategy: 'manual' },
} as const satisfies Readonly<Record<string, CollectionOptions>>

export interface Place {
  readonly collection: string
  readonly id: string
  readonly path: readonly string[]
}

/** The three texts that the novel begins with, beside the atlas. */
export const BEGINNING = [
  { collection: 'notes', id: 'packing', value: { title: 'To pack', text: 'pencil' } },
  { collection: 'drafts', id: 'opening', value: { title: 'Opening', text: 'It rained on Lisbon.' } },
  { collection: 'chapters', id: 'one', value: { title: 'Chapter one', text: 'The ferry was late.' } },
] as const

/** Different fields of one document, one on each device. */
export const DIFFERENT_FIELDS = {
  collection: 'atlas',
  id: 'prt',
  laptop: { path: ['capital'], value: ['Lisboa'] },
  tablet: { path: ['languages', 'mwl'], value: 'Mirandese' },
} as const

export interface Scene extends Place {
  readonly strategy: Strategy
  readonly laptop: string
  readonly tablet: string
}

/** The same field on both devices, the laptop first. */
export const SAME_FIELD: readonly Scene[] = [
  {
    strategy: 'auto_merge',
    collection: 'atlas',
    id: 'jpn',
    path: ['name', 'common'],
    laptop: 'Nippon',
    tablet: 'Nihon',
  },
  {
    strategy: 'last_write_wins',
    collection: 'notes',
    id: 'packing',
    path: ['text'],
    laptop: 'pencil, raincoat',
    tablet: 'pencil, umbrella',
  },
  {
    strategy: 'keep_both',
    collection: 'drafts',
    id: 'opening',
    path: ['text'],
    laptop: 'It rained softly.',
    tablet: 'Lisbon slept.',
  },
  {
    strategy: 'manual',
    collection: 'chapters',
    id: 'one',
    path: ['title'],
    laptop: 'The Harbour',
    tablet: 'The Ferry',
  },
]

/** The tablet edits what the laptop deletes, a moment later and unaware of it. */
export const DELETE_AGAINST_EDIT = {
  collection: 'atlas',
  id: 'ata',
  tablet: { path: ['capital'], value: ['McMurdo Station'] },
} as const

/** Written on the tablet while the server is down. */
export const MEANWHILE = {
  collection: 'notes',
  id: 'ferries',
  value: { title: 'Ferries', text: 'The last one leaves at nine.' },
} as const

/** How the tablet settles what is open. */
export const SETTLED = {
  /** A new value, better than both. */
  atlas: 'Japan (Nihon, Nippon)',
  /** The laptop's. */
  chapters: 'The Harbour',
  /** The copy gets a title of its own. */
  drafts: 'Opening, again',
} as const

/** A patch that writes one place. */
export const patchAt = (path: readonly string[], value: JsonValue): JsonObject =>
  path.toReversed().reduce<JsonValue>((inner, key) => ({ [key]: inner }), value) as JsonObject

/** What stands at a place of a value; the value itself if there is nothing to descend into. */
export const readAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key], value)
