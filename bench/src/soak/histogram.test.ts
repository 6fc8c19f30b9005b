import { expect, test } from 'vitest'
import { type Histogram, countOf, note, quantileOf, sumOf } from './histogram.ts'

function histogramOf(values: readonly number[]): Histogram {
  const histogram: number[] = []
  for (const value of values) note(histogram, value)
  return histogram
}

test('a quantile is told to two in a hundred', () => {
  const histogram = histogramOf(Array.from({ length: 1000 }, (_, index) => index + 1))
  for (const share of [0.5, 0.95, 0.99])
    expect(Math.abs(quantileOf(histogram, share) / (1000 * share) - 1)).toBeLessThan(0.02)
})

test('what several processes noted is one histogram', () => {
  const both = sumOf([histogramOf([1, 1, 1]), histogramOf([100])])
  expect(countOf(both)).toBe(4)
  expect(quantileOf(both, 1) / 100).toBeCloseTo(1, 1)
})

test('of nothing there is no quantile', () => {
  expect(quantileOf([], 0.5)).toBeNaN()
})
