import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { chanceFrom, randomEdit, randomJson } from './testing/random.ts'
import { content, metadata } from './testing/writing.ts'
import { applyDelta, deltaBetween } from './delta.ts'
import { type JsonObject, type JsonValue, canonicalJson, isJsonObject, jsonEqual } from './json.ts'
import { isPrefix } from './operation.ts'

const json = fc
  .jsonValue({ maxDepth: 4 })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto')) as JsonValue)

test('a delta turns the first value into the second, for any two JSON values', () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      const result = applyDelta(before, deltaBetween(before, after))
      expect(canonicalJson(result as JsonValue)).toBe(canonicalJson(after))
    }),
    { numRuns: 1000 },
  )
})

test('a delta turns a document into what was made of it by a few edits', () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const random = chanceFrom(seed)
    const before = { a: randomJson(random), b: randomJson(random) }
    const after = randomEdit(random, before)
    expect(jsonEqual(applyDelta(before, deltaBetween(before, after)), after), `seed ${seed}`).toBe(true)
  }
})

const at = (value: JsonObject, key: string): JsonValue | undefined =>
  Object.hasOwn(value, key) ? value[key] : undefined

/** The number of places at which two values differ, told apart as deep as both are objects. */
function differences(a: JsonValue | undefined, b: JsonValue | undefined): number {
  if (!isJsonObject(a) || !isJsonObject(b)) return jsonEqual(a, b) ? 0 : 1
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].reduce((sum, key) => sum + differences(at(a, key), at(b, key)), 0)
}

test('a delta is the smallest: one write per field that differs, none overlapping another', () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const random = chanceFrom(seed)
    const before = { a: randomJson(random), b: randomJson(random) }
    const after = randomEdit(random, before)
    const delta = deltaBetween(before, after)
    expect(delta.length, `seed ${seed}`).toBe(differences(before, after))
    for (const one of delta)
      for (const other of delta) expect(one !== other && isPrefix(one.path, other.path)).toBe(false)
  }
})

test('equal values give no delta, whatever the order of their keys', () => {
  expect(deltaBetween({ a: 1, b: { c: [1], d: null } }, { b: { d: null, c: [1] }, a: 1 })).toEqual([])
})

test('a field added, removed, and turned into another type are one write each', () => {
  expect(deltaBetween({ a: 1 }, { a: 1, b: {} })).toEqual([content(['b'], {})])
  expect(deltaBetween({ a: 1, b: 2 }, { a: 1 })).toEqual([content(['b'], undefined)])
  expect(deltaBetween({ a: { b: 1 } }, { a: 'b' })).toEqual([content(['a'], 'b')])
  expect(deltaBetween({ a: [1] }, { a: { 0: 1 } })).toEqual([content(['a'], { 0: 1 })])
  expect(deltaBetween({ a: null }, { a: { b: 1 } })).toEqual([content(['a'], { b: 1 })])
  expect(deltaBetween({ a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 3 } } })).toEqual([
    content(['a', 'b', 'c'], 3),
    content(['a', 'b', 'd'], undefined),
  ])
})

test('an array is one value', () => {
  expect(deltaBetween({ tags: [1, 2, 3] }, { tags: [1, 2] })).toEqual([content(['tags'], [1, 2])])
})

test('metadata deltas name their root', () => {
  expect(deltaBetween({ pinned: true }, {}, 'metadata')).toEqual([metadata(['pinned'], undefined)])
})

test('keys that every object inherits are fields like any other', () => {
  expect(deltaBetween({}, { toString: 1, __defineGetter__: 2 })).toEqual([
    content(['toString'], 1),
    content(['__defineGetter__'], 2),
  ])
  expect(deltaBetween({ valueOf: 1 }, {})).toEqual([content(['valueOf'], undefined)])
})

test('the input of applyDelta stays as it was, and what the delta does not touch is shared', () => {
  const before = Object.freeze({ a: Object.freeze({ b: 1 }), c: Object.freeze({ d: 1 }) })
  const after = applyDelta(before, [content(['a', 'b'], 2)]) as typeof before
  expect(after).toEqual({ a: { b: 2 }, c: { d: 1 } })
  expect(after.c).toBe(before.c)
})

test('a hundred and fifty thousand changed fields under one key are no problem', () => {
  const many = Object.fromEntries(Array.from({ length: 150_000 }, (_, index) => [`k${index}`, index]))
  expect(deltaBetween({ a: {} }, { a: many })).toHaveLength(150_000)
})
