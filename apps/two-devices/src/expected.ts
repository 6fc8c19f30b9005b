import { atlas, editions, postcards } from './countries.ts'

/*
 * What every device must hold at the end, written down by hand from the story and worked out with plain
 * objects: nothing here asks the engine, or reads what the acts pass to it.
 */

export interface ExpectedDocument {
  readonly collection: string
  /** `opening~*`: a copy, whose id is derived from a write. */
  readonly id: string
  readonly value: unknown
}

export function expectedDocuments(editionCount: number): ExpectedDocument[] {
  return [
    ...atlas()
      .filter(([id]) => !DELETED.includes(id))
      .map(([id, country]) => ({ collection: 'atlas', id, value: { ...country, ...CHANGED[id]?.(country) } })),
    ...editions(editionCount).map(([id, value]) => ({ collection: 'atlas', id, value })),
    ...postcards('Europe', 'Asia', 'Africa')
      .filter(([id]) => !DELETED.includes(id))
      .map(([id, value]) => ({ collection: 'notes', id, value })),
    ...WRITTEN,
  ]
}

type Fields = Readonly<Record<string, unknown>>

const CHANGED: Readonly<Record<string, (country: Fields) => Fields>> = {
  // All four edits are in it: two before the backup; one that the backup lacks; one unaware of that
  prt: ({ languages }) => ({
    capital: ['Lisboa'],
    languages: { ...(languages as Fields), mwl: 'Mirandese' },
    visited: 'at night',
    language: 'a little',
  }),
  // The value that the conflict was settled with
  jpn: ({ name }) => ({ name: { ...(name as Fields), common: 'Japan (Nihon, Nippon)' } }),
  // The edit won over the delete and brought back the whole document
  ata: () => ({ capital: ['McMurdo Station'] }),
  // The backup lacks it
  ita: () => ({ visited: 'in the rain' }),
}

/** Deleted after the backup was taken. When it was restored, the second was known to the laptop alone. */
const DELETED = ['bvt', 'hmd', 'postcard-isl']

const WRITTEN: readonly ExpectedDocument[] = [
  // The later write, and the other as a note of its own
  { collection: 'notes', id: 'packing', value: { title: 'To pack', text: 'pencil, umbrella' } },
  { collection: 'notes', id: 'packing~*', value: { title: 'To pack', text: 'pencil, raincoat' } },
  { collection: 'notes', id: 'ferries', value: { title: 'Ferries', text: 'The last one leaves at nine.', pier: 3 } },
  // Both versions, the copy with its new title
  { collection: 'drafts', id: 'opening', value: { title: 'Opening', text: 'Lisbon slept.', place: 'Alfama' } },
  {
    collection: 'drafts',
    id: 'opening~*',
    value: { title: 'Opening, again', text: 'It rained softly.' },
  },
  // The laptop's, picked although the tablet's was later
  { collection: 'chapters', id: 'one', value: { title: 'The Harbour', text: 'The ferry never came.' } },
  // Created after the backup: by one and edited by the other; and edited again before the server had it back
  { collection: 'drafts', id: 'ending', value: { title: 'Ending', text: 'The ferry came at last.' } },
  { collection: 'notes', id: 'hotel', value: { title: 'Hotel', text: 'Room 14' } },
]

export interface ExpectedOpen {
  readonly strategy: string
  readonly document: string
  readonly shown: unknown
  /** What is listed beside it: a conflict's other values, or a copy. */
  readonly others: readonly unknown[]
}

/** What both devices show and list once they are back online, before anything is settled. */
export const expectedOpen = (): ExpectedOpen[] => [
  { strategy: 'auto_merge', document: 'atlas/jpn', shown: 'Nihon', others: ['Nippon'] },
  {
    strategy: 'last_write_wins',
    document: 'notes/packing',
    shown: 'pencil, umbrella',
    others: ['pencil, raincoat'],
  },
  {
    strategy: 'keep_both',
    document: 'drafts/opening',
    shown: 'Lisbon slept.',
    others: ['It rained softly.'],
  },
  { strategy: 'manual', document: 'chapters/one', shown: 'The Ferry', others: ['The Harbour'] },
  { strategy: 'auto_merge', document: 'atlas/ata', shown: ['McMurdo Station'], others: [undefined] },
]
