/** Durations by how often they were: each bucket is a fiftieth longer than the one before. */
export type Histogram = readonly number[]

const STEP = Math.log(1.02)
/** One microsecond: what is shorter counts as that. */
const LEAST_MS = 0.001

const bucketOf = (ms: number): number => Math.round(Math.log(Math.max(ms, LEAST_MS) / LEAST_MS) / STEP)

export function note(histogram: number[], ms: number): void {
  const bucket = bucketOf(ms)
  while (histogram.length <= bucket) histogram.push(0)
  histogram[bucket] = (histogram[bucket] ?? 0) + 1
}

export function sumOf(histograms: readonly Histogram[]): Histogram {
  const length = Math.max(0, ...histograms.map((one) => one.length))
  return Array.from({ length }, (_, bucket) => histograms.reduce((sum, one) => sum + (one[bucket] ?? 0), 0))
}

export const countOf = (histogram: Histogram): number => histogram.reduce((sum, count) => sum + count, 0)

/** The duration below which that share of all is, to two in a hundred; NaN if there is none. */
export function quantileOf(histogram: Histogram, share: number): number {
  let left = countOf(histogram) * share
  const bucket = histogram.findIndex((count) => (left -= count) <= 0)
  return histogram.length === 0 ? Number.NaN : LEAST_MS * Math.exp(bucket * STEP)
}
