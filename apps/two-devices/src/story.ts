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

/** What the laptop types at last, word by word, while the tablet looks on. */
export const FINALE = {
  collection: 'notes',
  id: 'finale',
  field: 'text',
  text: 'And when the ferry came at last, nobody had lost a single word of it.',
} as const

export type Change = { readonly collection: string; readonly id: string } & (
  | { readonly does: 'create' | 'update'; readonly value: JsonObject }
  | { readonly does: 'delete' }
)

/** What comes after the backup of the server. Each device syncs its part, and has the other's; then the tablet is off. */
export const AFTER_BACKUP: Readonly<Record<'laptop' | 'tablet', readonly Change[]>> = {
  laptop: [
    { does: 'update', collection: 'atlas', id: 'ita', value: { visited: 'in the rain' } },
    { does: 'update', collection: 'notes', id: 'ferries', value: { pier: 3 } },
    { does: 'delete', collection: 'atlas', id: 'bvt' },
  ],
  tablet: [
    { does: 'create', collection: 'drafts', id: 'ending', value: { title: 'Ending', text: 'The ferry came.' } },
    { does: 'update', collection: 'drafts', id: 'opening', value: { place: 'Alfama' } },
    { does: 'update', collection: 'chapters', id: 'one', value: { text: 'The ferry never came.' } },
    { does: 'delete', collection: 'notes', id: 'postcard-isl' },
  ],
}

/** The laptop syncs this with the server that is then lost; the tablet never sees it there. */
export const LAPTOP_ALONE: readonly Change[] = [
  { does: 'create', collection: 'notes', id: 'hotel', value: { title: 'Hotel', text: 'Room 12' } },
  { does: 'update', collection: 'drafts', id: 'ending', value: { text: 'The ferry came at last.' } },
  { does: 'update', collection: 'atlas', id: 'prt', value: { visited: 'at night' } },
  { does: 'delete', collection: 'atlas', id: 'hmd' },
]

/** Written while there is no server, on top of what the backup lacks, and beside what the tablet has not seen. */
export const WITHOUT_SERVER: Readonly<Record<'laptop' | 'tablet', readonly Change[]>> = {
  laptop: [{ does: 'update', collection: 'notes', id: 'hotel', value: { text: 'Room 14' } }],
  tablet: [{ does: 'update', collection: 'atlas', id: 'prt', value: { language: 'a little' } }],
}

/** A patch that writes one place. */
export const patchAt = (path: readonly string[], value: JsonValue): JsonObject =>
  path.toReversed().reduce<JsonValue>((inner, key) => ({ [key]: inner }), value) as JsonObject

/** What stands at a place of a value; the value itself if there is nothing to descend into. */
export const readAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key], value)
