import { describe, expect, test } from 'vitest'
import { randomPage, writings } from '../testing/messages.ts'
import { chanceFrom } from '../testing/random.ts'
import { replica } from '../testing/writing.ts'
import { isSyncError } from '../errors.ts'
import { parseJson } from '../json.ts'
import type { Page } from '../messages.ts'
import { encodeTailOperation } from './operation-codec.ts'
import { type StoredRow, decodePage, encodePageAround } from './page-codec.ts'
import { encodeState } from './state-codec.ts'

const EMPTY: Omit<Page, 'rows'> = {
  epochs: [],
  timeMs: 5,
  since: 1,
  after: 2,
  more: false,
  head: 3,
  collected: 0,
  strategies: {},
}
const ENVELOPE = '"v":1,"time":5,"at":[1,2,3,0]'
const [A, B] = [replica('A'), replica('B')]
/** As stored: one that was written once, and one that was not. */
const whole = (id: string, value: string): string => `["${id}",1,5,${value}]`
const EDITED = `[["${A}"],[0,2],[0,1,5,[],[[[],{"a":1}]]],[0,2,6,[0,1],[[["a"],2]]]]`
const OPERATION = `[["${B}"],1,0,2,8192,[],[[["title"],"U"]]]`

const row = (collection: string, state: string | undefined, ...tail: readonly string[]): StoredRow => ({
  collection,
  document: 'doc',
  seq: 7,
  state,
  tail,
})
const pageAround = (...rows: readonly StoredRow[]): string => encodePageAround(EMPTY, rows)

test('a stored row travels without being parsed', () => {
  // None of these spaces would survive a parse.
  const state = `["${A}",1 , 5,{"title": "[[\\"${B}\\",1"}]`
  const edited = EDITED.replaceAll(',', ' , ')
  const tail = OPERATION.replaceAll(',', ' , ')
  const text = pageAround(row('stories', state), row('stories', edited, tail), row('stories', undefined, tail))
  expect(text).toBe(
    `{${ENVELOPE},"names":["stories"],"ids":["${A}"],"rows":[` +
      `[0,"doc",7,[0,1 , 5,{"title": "[[\\"${B}\\",1"}]],` +
      `[0,"doc",7,${edited},${tail}],[0,"doc",7,0,${tail}]]}`,
  )
  expect(decodePage(parseJson(text)).rows).toMatchObject([
    { state: { writes: [{ dot: { replica: A, counter: 1 }, value: { title: `[["${B}",1` } }] } },
    { state: { version: [{ replica: A, counter: 2 }] }, operations: [{ dot: { replica: B, counter: 2 } }] },
    { state: undefined, operations: [{ dot: { replica: B, counter: 2 } }] },
  ])
})

test('a page names each collection and each writer of a whole document once, in the order of its rows', () => {
  const text = pageAround(
    row('stories', whole(B, '{}')),
    row('drafts', whole(A, '{}')),
    row('stories', EDITED),
    row('drafts', whole(B, '{}')),
  )
  expect(text).toBe(
    `{${ENVELOPE},"names":["stories","drafts"],"ids":["${B}","${A}"],"rows":[` +
      `[0,"doc",7,[0,1,5,{}]],[1,"doc",7,[1,1,5,{}]],[0,"doc",7,${EDITED}],[1,"doc",7,[0,1,5,{}]]]}`,
  )
})

test('a page without rows has no tables, and one without whole documents no ids', () => {
  expect(pageAround()).toBe(`{${ENVELOPE}}`)
  expect(pageAround(row('stories', EDITED))).toBe(`{${ENVELOPE},"names":["stories"],"rows":[[0,"doc",7,${EDITED}]]}`)
  expect(decodePage(parseJson(pageAround())).rows).toEqual([])
})

test('stored rows come out of a page as they were stored', () => {
  const firsts = new Set<unknown>()
  for (let seed = 1; seed <= 300; seed++) {
    const page = randomPage(chanceFrom(seed))
    const { states } = writings(chanceFrom(seed))
    const rows = page.rows.map((one, index) => ({ ...one, state: one.state && states[index] }))
    const stored = rows.map(({ state, operations, ...key }): StoredRow => {
      const text = state && JSON.stringify(encodeState(state))
      firsts.add(text?.[1])
      return { ...key, state: text, tail: operations.map((one) => JSON.stringify(encodeTailOperation(one))) }
    })
    expect(decodePage(parseJson(encodePageAround(page, stored))), `seed ${seed}`).toEqual({ ...page, rows })
  }
  expect(firsts).toEqual(new Set([undefined, '"', '[']))
})

const wire = (change: Readonly<Record<string, unknown>>): unknown =>
  parseJson(JSON.stringify({ v: 1, time: 5, at: [1, 2, 3, 0], names: ['stories'], ids: [A], rows: [ROW], ...change }))
const ROW = [0, 'doc', 7, [0, 1, 5, {}]]
const changed = (index: number, value: unknown): unknown => [ROW.with(index, value as never)]

function refusalOf(change: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(decodePage(wire(change)))
  } catch (error) {
    return isSyncError(error) && error.code === 'bad_message' ? error.message : String(error)
  }
}

describe('a page is refused', () => {
  test('unless everything is right, which this one is', () => {
    expect(decodePage(wire({})).rows).toHaveLength(1)
  })

  test.each<[string, Readonly<Record<string, unknown>>, where: string]>([
    ['if a row names its collection by itself', { rows: changed(0, 'stories') }, 'page row 0 collection'],
    ['if a row names a collection that is not in the table', { rows: [ROW, ROW.with(0, 1)] }, 'page row 1 collection'],
    ['if a row names a collection before the first', { rows: changed(0, -1) }, 'page row 0 collection'],
    ['if a row names a collection without a table', { names: undefined }, 'page row 0 collection'],
    ['if a row names its writer by itself', { rows: changed(3, [A, 1, 5, {}]) }, 'page row 0 replica'],
    ['if a row names a writer that is not in the table', { rows: changed(3, [1, 1, 5, {}]) }, 'page row 0 replica'],
    ['if a row names half a writer', { rows: changed(3, [0.5, 1, 5, {}]) }, 'page row 0 replica'],
    ['if a row names a writer without a table', { ids: undefined }, 'page row 0 replica'],
    ['if a row has an empty state', { rows: changed(3, []) }, 'page row 0 replica'],
    ['if a row has a state that is no list', { rows: changed(3, null) }, 'page row 0'],
    ['if a row has no seq', { rows: changed(2, 0) }, 'page row 0'],
    ['if a row has no document', { rows: changed(1, '') }, 'page row 0 document'],
    ['if a row has an operation of no one', { rows: [[...ROW, [[], 1, 0, 1, 5, [], [[['a'], 1]]]]] }, 'page row 0 dot'],
    ['if a collection is none', { names: ['a/b'] }, 'page names'],
    ['if a collection stands twice', { names: ['stories', 'stories'] }, 'page names'],
    ['if a collection is named by no row', { names: ['stories', 'drafts'] }, 'page names'],
    ['if a writer is none', { ids: ['__proto__'] }, 'page ids'],
    ['if a writer stands twice', { ids: [A, A] }, 'page ids'],
    ['if a writer is named by no row', { ids: [A, B] }, 'page ids'],
    [
      'if its tables are in another order',
      { names: ['drafts', 'stories'], rows: [ROW.with(0, 1), ROW] },
      'page row 0 collection',
    ],
    ['if it has tables for no rows', { rows: undefined }, 'page names'],
    ['if it has a table of nothing', { ids: [], rows: changed(3, 0) }, 'page ids'],
    ['if it has null for a table that is left out', { ids: null, rows: changed(3, 0) }, 'page ids'],
    ['if it has null for rows that are left out', { rows: null }, 'page rows'],
    ['if it stands nowhere', { at: [0, 0, 0] }, 'page collected'],
    ['if it says anything but 1 of more', { more: true }, 'page more'],
    ['if it has a digest before there is no more', { more: 1, digest: [1, 2] }, 'page digest'],
    ['if its digest is no count and hash', { digest: [1] }, 'page digest'],
    ['if it has null for a digest that is left out', { digest: null }, 'page digest'],
  ])('%s', (_, change, where) => expect(refusalOf(change)).toMatch(new RegExp(`^${where}: expected`)))
})
