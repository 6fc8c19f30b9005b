import { expect, test } from 'vitest'
import { atlas } from './countries.ts'
import { expectedDocuments, expectedOpen } from './expected.ts'

const documents = expectedDocuments(20)
const valueOf = (collection: string, id: string): unknown =>
  documents.find((one) => one.collection === collection && one.id === id)?.value

test('the story ends with more than 5,000 documents, each expected once', () => {
  expect(atlas()).toHaveLength(250)
  expect(documents).toHaveLength(250 - 2 + 20 * 250 + (53 + 50 + 59 - 1) + 8)
  expect(new Set(documents.map(({ collection, id }) => `${collection}/${id}`)).size).toBe(documents.length)
})

test('edits to different fields are all expected, beside everything that was there', () => {
  const [, before] = atlas().find(([id]) => id === 'prt') ?? []
  expect(valueOf('atlas', 'prt')).toEqual({
    ...before,
    capital: ['Lisboa'],
    languages: { por: 'Portuguese', mwl: 'Mirandese' },
    visited: 'at night',
    language: 'a little',
  })
})

test('the document that a delete met is expected whole, with the edit', () => {
  const [, before] = atlas().find(([id]) => id === 'ata') ?? []
  expect(valueOf('atlas', 'ata')).toEqual({ ...before, capital: ['McMurdo Station'] })
})

test('what is deleted at last is not expected', () => {
  const deleted = [
    ['atlas', 'bvt'],
    ['atlas', 'hmd'],
    ['notes', 'postcard-isl'],
  ] as const
  for (const [collection, id] of deleted) expect(valueOf(collection, id)).toBeUndefined()
})

test('a postcard comes from every country of three continents', () => {
  expect(valueOf('notes', 'postcard-fra')).toEqual({ title: 'From France', text: 'Paris' })
  expect(valueOf('notes', 'postcard-jpn')).toEqual({ title: 'From Japan', text: 'Tokyo' })
  expect(valueOf('notes', 'postcard-ken')).toEqual({ title: 'From Kenya', text: 'Nairobi' })
  expect(valueOf('notes', 'postcard-bra')).toBeUndefined()
})

test('every edition is the whole country of its year', () => {
  const [, france] = atlas().find(([id]) => id === 'fra') ?? []
  expect(valueOf('atlas', 'fra-1987')).toEqual({ ...france, edition: { year: 1987, of: 'fra' } })
  expect(valueOf('atlas', 'fra-2006')).toMatchObject({ edition: { year: 2006 } })
})

test('the atlas itself stays as it is', () => {
  expect(atlas().find(([id]) => id === 'jpn')?.[1]).toMatchObject({ name: { common: 'Japan' } })
})

test('each strategy and the delete are expected to leave something open', () => {
  expect(expectedOpen().map(({ strategy }) => strategy)).toEqual([
    'auto_merge',
    'last_write_wins',
    'keep_both',
    'manual',
    'auto_merge',
  ])
})
