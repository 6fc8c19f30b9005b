import { expect, test } from 'vitest'
import { median, quantile } from './statistics.ts'

test('the median stands between the middle two of an even number', () => {
  expect(median([9, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
})

test('a quantile lies between two values if need be', () => {
  expect(quantile([10, 20], 0.95)).toBeCloseTo(19.5)
  expect(quantile([7], 0.95)).toBe(7)
})

test('no values have no quantile', () => {
  expect(() => median([])).toThrow(RangeError)
})
