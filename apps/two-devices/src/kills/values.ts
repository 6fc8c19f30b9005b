import type { JsonObject, SyncEngine } from '@whisker/engine'
import type { ExpectedDocument } from '../expected.ts'

/*
 * A writer writes the values 1, 2, 3 …, each in one transaction. So what a device, a server or all of them must hold
 * follows from the number of the last one.
 */

/** By `collection/id`. */
export type Documents = ReadonlyMap<string, JsonObject>

/** Where a value stands. */
export interface Place {
  readonly collection: string
  readonly id: string
  readonly field: string
}

/** By the name of who wrote them. */
export type Values = Iterable<readonly [name: string, values: Iterable<number>]>

const OWN_DOCUMENTS = 40
const SHARED_DOCUMENTS = 5
/** Every so many values there is one that gets a document to itself: what is lost of those, nothing later hides. */
const KEPT_EVERY = 5

export const SPACE = 'kills'
export const COLLECTIONS = { bulk: {}, own: {}, shared: {}, kept: {} }

export const placesOf = (name: string, value: number): readonly Place[] => [
  { collection: 'own', id: `${name}-${value % OWN_DOCUMENTS}`, field: 'value' },
  { collection: 'shared', id: `shared-${value % SHARED_DOCUMENTS}`, field: name },
  ...(value % KEPT_EVERY === 0 ? [{ collection: 'kept', id: `${name}-${value}`, field: 'value' }] : []),
]

/** All values up to the last one. */
export function* upTo(last: number): Iterable<number> {
  for (let value = 1; value <= last; value++) yield value
}

/** What values come to: the highest stays. */
export function writtenBy(writers: Values): Documents {
  const documents = new Map<string, Record<string, number>>()
  for (const [name, values] of writers) {
    for (const value of values) {
      for (const { collection, id, field } of placesOf(name, value)) {
        const key = `${collection}/${id}`
        const fields = documents.get(key) ?? {}
        fields[field] = Math.max(value, fields[field] ?? 0)
        documents.set(key, fields)
      }
    }
  }
  return documents
}

/** Where `documents` hold less than values come to; later ones may stand there. */
export function lacking(documents: Documents, writers: Values): readonly string[] {
  return [...writtenBy(writers)].flatMap(([key, fields]) =>
    Object.entries(fields)
      .map(([field, value]) => ({ field, value: Number(value), found: Number(documents.get(key)?.[field] ?? 0) }))
      .filter(({ value, found }) => found < value)
      .map(({ field, value, found }) => `${key} has ${field} = ${found} instead of ${value} or more`),
  )
}

/** The last value that a writer has in `documents`; 0 if it has none. */
export const lastValueOf = (name: string, documents: Documents): number =>
  [...documents].reduce(
    (last, [key, { value }]) => (key.startsWith(`own/${name}-`) ? Math.max(last, Number(value)) : last),
    0,
  )

export const documentsIn = (engine: SyncEngine): Documents =>
  new Map(
    Object.keys(COLLECTIONS).flatMap((collection) =>
      engine
        .collection(collection)
        .list()
        .map(({ id, value }): [string, JsonObject] => [`${collection}/${id}`, value]),
    ),
  )

/** One by one, as the check takes them. */
export const documentsOf = (documents: Documents): readonly (ExpectedDocument & { readonly value: JsonObject })[] =>
  [...documents].map(([key, value]) => {
    const [collection, id] = key.split('/') as [string, string]
    return { collection, id, value }
  })
