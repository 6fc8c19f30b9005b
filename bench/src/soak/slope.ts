/** A value at a time. */
export type Point = readonly [ms: number, value: number]

export const meanOf = (points: readonly Point[]): number =>
  points.reduce((sum, [, value]) => sum + value, 0) / points.length

/** By how much the line that fits the points best rises from the first to the last, as a share of their mean. */
export function riseOf(points: readonly Point[]): number {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last || first[0] === last[0]) return 0
  const mean = meanOf(points)
  const middle = points.reduce((sum, [ms]) => sum + ms, 0) / points.length
  const up = points.reduce((sum, [ms, value]) => sum + (ms - middle) * (value - mean), 0)
  const along = points.reduce((sum, [ms]) => sum + (ms - middle) ** 2, 0)
  return ((up / along) * (last[0] - first[0])) / mean
}
