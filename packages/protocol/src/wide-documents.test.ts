import { expect, test } from 'vitest'
import { type Operation, EMPTY_STATE, apply, baseOf, decodeState, encodeState, sameState } from './index.ts'
import type { ReplicaId } from './identity.ts'

const replica = 'AAAAAAAAAAAAAAAA' as ReplicaId
const FIELDS = 30_000

const writesAll = (counter: number, base: Operation['base']): Operation => ({
  type: 'update',
  collection: 'c',
  document: 'd',
  dot: { replica, counter },
  time: counter,
  base,
  delta: Array.from({ length: FIELDS }, (_, index) => ({ root: 'content', path: [`f${index}`], value: counter })),
  keep: [],
  drop: [],
})

test('a document of thirty thousand fields, all of them written twice, is applied, encoded and compared', () => {
  const first = apply(EMPTY_STATE, writesAll(1, []))
  const second = apply(first, writesAll(2, baseOf(first)))
  expect(second.writes).toHaveLength(FIELDS)
  const read = decodeState(JSON.parse(JSON.stringify(encodeState(second))), 'test')
  expect(sameState(read, second)).toBe(true)
})

test('a state of thirty thousand writes of as many operations is encoded', () => {
  const writes = Array.from({ length: FIELDS }, (_, index) => [0, index + 1, index + 1, [], [[[`f${index}`], 1]]])
  const state = decodeState([[replica], [0, FIELDS], ...writes], 'test')
  expect(encodeState(state)).toHaveLength(FIELDS + 2)
})
