import { isDeepStrictEqual } from 'node:util'
import type { ExpectedDocument } from './expected.ts'

/** What a device holds at the end. */
export interface Held {
  readonly device: string
  readonly documents: readonly { readonly collection: string; readonly id: string; readonly value: unknown }[]
  readonly pending: number
  readonly rejected: number
  readonly conflicts: number
}

export interface Difference {
  readonly device: string
  readonly what: string
  readonly expected: unknown
  readonly found: unknown
}

/** Every way in which a device differs from what is expected of it. */
export function check(
  expected: readonly ExpectedDocument[],
  devices: readonly Held[],
  moreThan: number,
): readonly Difference[] {
  return devices.flatMap((held) => [
    ...documentDifferences(expected, held),
    ...copyDifferences(devices[0] ?? held, held),
    ...numberDifferences(held, moreThan),
  ])
}

function documentDifferences(expected: readonly ExpectedDocument[], { device, documents }: Held): Difference[] {
  const differences: Difference[] = []
  const left = new Map<string, unknown>()
  for (const { collection, id, value } of documents) {
    const what = nameOf(collection, id)
    if (left.has(what)) differences.push({ device, what, expected: 'one document', found: 'several' })
    left.set(what, value)
  }
  for (const { collection, id, value } of expected) {
    const what = nameOf(collection, id)
    const found = left.get(what)
    if (!isDeepStrictEqual(found, value)) differences.push({ device, what, expected: value, found })
    left.delete(what)
  }
  for (const [what, found] of left) differences.push({ device, what, expected: undefined, found })
  return differences
}

/** The ids of copies are not known beforehand, but they are the same everywhere. */
function copyDifferences(first: Held, { device, documents }: Held): Difference[] {
  const [expected, found] = [copiesOf(first.documents), copiesOf(documents)]
  return isDeepStrictEqual(found, expected) ? [] : [{ device, what: 'ids of copies', expected, found }]
}

function numberDifferences(held: Held, moreThan: number): Difference[] {
  const { device, documents } = held
  const none = (['pending', 'rejected', 'conflicts'] as const)
    .filter((what) => held[what] !== 0)
    .map((what): Difference => ({ device, what, expected: 0, found: held[what] }))
  return documents.length > moreThan
    ? none
    : [...none, { device, what: 'count of documents', expected: `more than ${moreThan}`, found: documents.length }]
}

const nameOf = (collection: string, id: string): string => `${collection}/${id.replace(/~.*$/, '~*')}`

const copiesOf = (documents: Held['documents']): string[] =>
  documents
    .filter(({ id }) => id.includes('~'))
    .map(({ collection, id }) => `${collection}/${id}`)
    .sort()
