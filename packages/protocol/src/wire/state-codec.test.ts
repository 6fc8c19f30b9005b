import { expect, test } from 'vitest'
import { writings } from '../testing/messages.ts'
import { chanceFrom } from '../testing/random.ts'
import { stateText } from '../testing/texts.ts'
import { content, dot, operation, replica } from '../testing/writing.ts'
import { type DocumentState, EMPTY_STATE, apply } from '../document-state.ts'
import { parseJson } from '../json.ts'
import { decodeState, encodeState } from './state-codec.ts'

const over = (state: DocumentState): DocumentState =>
  decodeState(parseJson(JSON.stringify(encodeState(state))), 'state')
const CREATED = apply(
  EMPTY_STATE,
  operation({ at: dot('A', 1), time: 5, delta: [content([], { title: 'T', tags: [] })] }),
)

test('states come out as they went in', () => {
  for (let seed = 1; seed <= 300; seed++) {
    for (const state of writings(chanceFrom(seed)).states)
      expect(stateText(over(state)), `seed ${seed}`).toBe(stateText(state))
  }
})

test('a document that was written once carries its content and one stamp, no more', () => {
  expect(encodeState(CREATED)).toEqual([replica('A'), 1, 5, { title: 'T', tags: [] }])
  expect(over(CREATED)).toEqual(CREATED)
})

test('any other names each replica once, then its version, then its writes by operation', () => {
  const edited = apply(
    CREATED,
    operation({
      at: dot('B', 3),
      time: 6,
      on: CREATED,
      delta: [content(['title'], 'U'), content(['tags'], undefined)],
    }),
  )
  expect(encodeState(edited)).toEqual([
    [replica('A'), replica('B')],
    [0, 1, 1, 3],
    [0, 1, 5, [], [[[], { title: 'T', tags: [] }]]],
    [1, 3, 6, [0, 1], [[['title'], 'U'], [['tags']]]],
  ])
})

test('what a write keeps is written with it', () => {
  const rival = apply(CREATED, operation({ at: dot('B', 1), time: 6, delta: [content([], {})] }))
  const kept = apply(
    rival,
    operation({
      at: dot('B', 2),
      time: 7,
      on: rival,
      delta: [content([], { a: 1 })],
      keep: [{ dot: dot('A', 1), root: 'content', path: [] }],
    }),
  )
  expect(encodeState(kept).at(-1)).toEqual([1, 2, 7, [0, 1], [[[], { a: 1 }]], [[0, 1, []]]])
  expect(stateText(over(kept))).toBe(stateText(kept))
})

test('an empty state and a tombstone are states', () => {
  expect(encodeState(EMPTY_STATE)).toEqual([[], []])
  expect(over(EMPTY_STATE)).toEqual(EMPTY_STATE)
  const deleted = apply(EMPTY_STATE, operation({ at: dot('A', 1), time: 5, delta: [content([], undefined)] }))
  expect(over(deleted)).toEqual(deleted)
})

test('a document that was written once is refused with a value more than it has', () => {
  expect(() => decodeState([...encodeState(CREATED), 1], 'state')).toThrow('state: expected at most 4 entries, got 5.')
})
