import { expect, test } from 'vitest'
import { writings } from '../testing/messages.ts'
import { chanceFrom } from '../testing/random.ts'
import { content, dot, metadata, operation, replica, version } from '../testing/writing.ts'
import { checkAfter } from '../check-value.ts'
import { parseJson } from '../json.ts'
import { decodeStoredEntry, decodeTailOperation, encodeStoredEntry, encodeTailOperation } from './operation-codec.ts'

const over = (value: unknown): unknown => parseJson(JSON.stringify(value))

test('operations come out of an outbox and out of a tail as they went in, with the same check value', () => {
  for (let seed = 1; seed <= 300; seed++) {
    for (const one of writings(chanceFrom(seed)).operations) {
      const stored = decodeStoredEntry(over(encodeStoredEntry(one)), 'outbox')
      const tail = decodeTailOperation(over(encodeTailOperation(one)), one.collection, one.document, 'tail')
      expect(stored, `seed ${seed}`).toEqual(one)
      expect(tail, `seed ${seed}`).toEqual(one)
      expect(checkAfter(5, tail)).toBe(checkAfter(5, one))
    }
  }
})

test('voids come out of an outbox as they went in', () => {
  const voids = { replica: replica('A'), from: 3, to: 9 }
  expect(encodeStoredEntry(voids)).toEqual([[replica('A')], 0, 3, 9])
  expect(decodeStoredEntry(over(encodeStoredEntry(voids)), 'outbox')).toEqual(voids)
})

test('an operation alone is its replica ids and a tuple, with empty lists at the end left out', () => {
  const plain = operation({
    at: dot('A', 2),
    time: 6,
    on: version({ A: 1 }),
    delta: [content(['a', 'b'], 1), content(['c'], undefined), metadata(['d'], null)],
  })
  expect(encodeTailOperation(plain)).toEqual([
    [replica('A')],
    1,
    0,
    2,
    6,
    [0, 1],
    [[['a', 'b'], 1], [['c']], [[0, 'd'], null]],
  ])
  const name = { dot: dot('B', 4), root: 'metadata', path: ['x'] } as const
  expect(encodeTailOperation({ ...plain, keep: [name] }).slice(7)).toEqual([[[1, 4, [0, 'x']]]])
  expect(encodeTailOperation({ ...plain, drop: [name] }).slice(7)).toEqual([[], [[1, 4, [0, 'x']]]])
})

test('a key "0" is content, the number 0 at the head of a path is metadata', () => {
  const both = operation({ at: dot('A', 1), time: 1, delta: [content(['0'], 1), metadata(['0'], 2)] })
  expect(encodeTailOperation(both)[6]).toEqual([
    [['0'], 1],
    [[0, '0'], 2],
  ])
  expect(decodeTailOperation(over(encodeTailOperation(both)), 'stories', 'doc', 'tail')).toEqual({
    ...both,
    type: 'update',
  })
})

test('an operation or a void with a value more than it has is refused: what that means would be lost', () => {
  const name = { dot: dot('B', 4), root: 'content', path: ['x'] } as const
  const one = operation({ at: dot('A', 1), time: 1, delta: [content(['a'], 1)] })
  const longest = encodeStoredEntry({ ...one, type: 'update', drop: [name] })
  const voids = encodeStoredEntry({ replica: replica('A'), from: 3, to: 9 })
  for (const entry of [longest, voids]) {
    expect(decodeStoredEntry(over(entry), 'outbox')).toBeDefined()
    expect(() => decodeStoredEntry(over([...entry, []]), 'outbox')).toThrow(/^outbox: expected at most \d entries/)
  }
})
