import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { content, dot, metadata, operation, version } from './testing/writing.ts'
import { FIRST_CHECK, checkAfter, checkAfterVoids } from './check-value.ts'
import type { Operation } from './operation.ts'

const BASE: Operation = operation({
  at: dot('A', 1),
  time: 5,
  on: version({ B: 2 }),
  delta: [content(['a'], { x: 1, y: [2] })],
})

test('is a whole number of at most 53 bits', () => {
  fc.assert(
    fc.property(fc.nat(), fc.string(), (previous, text) => {
      const check = checkAfter(previous, { ...BASE, delta: [content(['a'], text)] })
      expect(Number.isSafeInteger(check) && check >= 0).toBe(true)
    }),
  )
})

test('does not depend on the order in which an object has its keys', () => {
  expect(checkAfter(7, { ...BASE, delta: [content(['a'], { y: [2], x: 1 })] })).toBe(checkAfter(7, BASE))
})

test('differs with everything that an operation says', () => {
  const name = { dot: dot('B', 1), root: 'content', path: ['a'] } as const
  const variants: Operation[] = [
    BASE,
    { ...BASE, type: 'create' },
    { ...BASE, collection: 'drafts' },
    { ...BASE, document: 'other' },
    { ...BASE, dot: dot('B', 1) },
    { ...BASE, dot: dot('A', 2) },
    { ...BASE, time: 6 },
    { ...BASE, base: [] },
    { ...BASE, base: version({ B: 3 }) },
    { ...BASE, delta: [content(['a'], { x: 1, y: [3] })] },
    { ...BASE, delta: [content(['b'], { x: 1, y: [2] })] },
    { ...BASE, delta: [metadata(['a'], { x: 1, y: [2] })] },
    { ...BASE, delta: [content(['a'], undefined)] },
    { ...BASE, delta: [content(['a'], null)] },
    { ...BASE, keep: [name] },
    { ...BASE, drop: [name] },
    { ...BASE, drop: [{ ...name, root: 'metadata' }] },
  ]
  expect(new Set(variants.map((one) => checkAfter(FIRST_CHECK, one))).size).toBe(variants.length)
})

test('is chained: histories that parted once differ from there on, even if the same operations follow', () => {
  const step = (counter: number): Operation => ({ ...BASE, dot: dot('A', counter) })
  let ours = checkAfter(FIRST_CHECK, BASE)
  let theirs = checkAfter(FIRST_CHECK, { ...BASE, time: 6 })
  for (let counter = 2; counter < 1000; counter++) {
    ours = checkAfter(ours, step(counter))
    theirs = checkAfter(theirs, step(counter))
    expect(ours).not.toBe(theirs)
  }
})

test('both halves of the previous value count', () => {
  const checks = [0, 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52].map((previous) => checkAfter(previous, BASE))
  expect(new Set(checks).size).toBe(checks.length)
})

test('a run of voids is chained one by one, so it may be cut anywhere', () => {
  const start = checkAfter(FIRST_CHECK, BASE)
  expect(checkAfterVoids(start, 0)).toBe(start)
  expect(checkAfterVoids(checkAfterVoids(start, 3), 4)).toBe(checkAfterVoids(start, 7))
  expect(checkAfterVoids(start, 1)).not.toBe(start)
  expect(checkAfterVoids(start, 1)).not.toBe(checkAfter(start, { ...BASE, dot: dot('A', 2) }))
})

test('a hundred thousand operations give a hundred thousand check values', () => {
  const checks = new Set<number>()
  let check = FIRST_CHECK
  for (let counter = 1; counter <= 100_000; counter++) checks.add((check = checkAfterVoids(check, 1)))
  expect(checks.size).toBe(100_000)
})
