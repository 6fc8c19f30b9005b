import { expect, test } from 'vitest'
import { type Point, riseOf } from './slope.ts'

test('a rise is that of the line which fits best, as a share of the mean', () => {
  const rising: Point[] = [0, 1, 2, 3, 4].map((time) => [time * 5000, 98 + time])
  expect(riseOf(rising)).toBeCloseTo(0.04)
  expect(riseOf(rising.map(([time, value]) => [time, -value + 200]))).toBeCloseTo(-0.04)
})

test('one peak in the middle is no rise', () => {
  const points: Point[] = [100, 100, 150, 100, 100].map((value, time) => [time, value])
  expect(riseOf(points)).toBeCloseTo(0)
})
