import { expect, test } from 'vitest'
import { type SeededRandom, seededRandom } from './random.ts'

const drawn = (random: SeededRandom, count = 50): number[] => Array.from({ length: count }, () => random.fraction())

test('the same seed gives the same course, another seed another', () => {
  expect(drawn(seededRandom('a'))).toEqual(drawn(seededRandom('a')))
  expect(drawn(seededRandom('a'))).not.toEqual(drawn(seededRandom('b')))
})

test('what is drawn from a fork shifts nothing in its source or in other forks', () => {
  const [used, unused] = [seededRandom('a'), seededRandom('a')]
  drawn(used.fork('one'))
  expect(drawn(used.fork('two'))).toEqual(drawn(unused.fork('two')))
  expect(drawn(used)).toEqual(drawn(unused))
  expect(drawn(used.fork('one'))).not.toEqual(drawn(used.fork('two')))
})

test('a whole number is within its bounds, and each of them comes', () => {
  const random = seededRandom('bounds')
  const numbers = Array.from({ length: 300 }, () => random.between(3, 6))
  expect(new Set(numbers)).toEqual(new Set([3, 4, 5, 6]))
  expect(new Set(Array.from({ length: 300 }, () => random.below(3)))).toEqual(new Set([0, 1, 2]))
})

test('what has no chance never happens, what is certain always does', () => {
  const random = seededRandom('chance')
  const tries = Array.from({ length: 200 }, () => [random.chance(0), random.chance(1)])
  expect(tries.every(([never, always]) => !never && always)).toBe(true)
})

test('bytes are as many as were asked for, and use the whole range', () => {
  const random = seededRandom('bytes')
  expect([0, 1, 3, 4, 9].map((count) => random.bytes(count).length)).toEqual([0, 1, 3, 4, 9])
  expect(new Set(random.bytes(8000)).size).toBe(256)
})
