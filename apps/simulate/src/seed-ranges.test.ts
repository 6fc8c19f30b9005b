import { expect, test } from 'vitest'
import { type SeedRanges, countSeeds, nextSeed, withSeed } from './seed-ranges.ts'

const rangesOf = (...seeds: number[]): SeedRanges => seeds.reduce<SeedRanges>(withSeed, [])

test('seeds grow together, in whatever order they come', () => {
  expect(rangesOf(5, 1, 2, 9, 6)).toEqual([
    [1, 2],
    [5, 6],
    [9, 9],
  ])
  expect(rangesOf(1, 3, 2, 2)).toEqual([[1, 3]])
})

test('the next seed is the first that was not run', () => {
  const ranges = rangesOf(1, 2, 4)
  expect([1, 3, 4, 10].map((from) => nextSeed(ranges, from))).toEqual([3, 3, 5, 10])
  expect(countSeeds(ranges)).toBe(3)
})
