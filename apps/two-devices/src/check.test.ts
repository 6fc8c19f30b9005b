import { expect, test } from 'vitest'
import { type Held, check } from './check.ts'
import type { ExpectedDocument } from './expected.ts'

const EXPECTED: readonly ExpectedDocument[] = [
  { collection: 'notes', id: 'one', value: { text: 'a', tags: ['x'] } },
  { collection: 'notes', id: 'one~*', value: { text: 'b' } },
]
const COPY = 'one~AAAAAAAAAAAAAAAA:1'
const DOCUMENTS: Held['documents'] = [
  { collection: 'notes', id: 'one', value: { text: 'a', tags: ['x'] } },
  { collection: 'notes', id: COPY, value: { text: 'b' } },
]
const held = (changes: Partial<Held> = {}): Held => ({
  device: 'laptop',
  documents: DOCUMENTS,
  pending: 0,
  rejected: 0,
  conflicts: 0,
  ...changes,
})
const found = (...devices: readonly Held[]): string[] =>
  check(EXPECTED, devices, 1).map(({ device, what }) => `${device}: ${what}`)

test('devices that hold what is expected do not differ', () => {
  expect(found(held(), held({ device: 'tablet', documents: DOCUMENTS.toReversed() }))).toEqual([])
})

test('a value that differs anywhere inside is found, with what was expected', () => {
  const documents = [{ collection: 'notes', id: 'one', value: { text: 'a', tags: ['y'] } }, ...DOCUMENTS.slice(1)]
  expect(check(EXPECTED, [held({ documents })], 1)).toEqual([
    {
      device: 'laptop',
      what: 'notes/one',
      expected: { text: 'a', tags: ['x'] },
      found: { text: 'a', tags: ['y'] },
    },
  ])
})

test('a missing document, one too many and one in another collection are found', () => {
  const extra = { collection: 'drafts', id: 'one', value: { text: 'a', tags: ['x'] } }
  expect(found(held({ documents: [...DOCUMENTS, extra] }))).toEqual(['laptop: drafts/one'])
  expect(found(held({ documents: [...DOCUMENTS.slice(1), extra] }))).toEqual([
    'laptop: notes/one',
    'laptop: drafts/one',
  ])
})

test('a copy must be there, once, and under the same id everywhere', () => {
  const other = { collection: 'notes', id: 'one~BBBBBBBBBBBBBBBB:1', value: { text: 'b' } }
  expect(found(held({ documents: [...DOCUMENTS, other] }))).toEqual(['laptop: notes/one~*'])
  const tablet = held({ device: 'tablet', documents: [...DOCUMENTS.slice(0, 1), other] })
  expect(found(held(), tablet)).toEqual(['tablet: ids of copies'])
})

test.each(['pending', 'rejected', 'conflicts'] as const)('%s must be 0', (what) => {
  expect(found(held({ [what]: 1 }))).toEqual([`laptop: ${what}`])
})

test('too few documents are found', () => {
  expect(check(EXPECTED, [held()], 2)).toEqual([
    { device: 'laptop', what: 'count of documents', expected: 'more than 2', found: 2 },
  ])
})
