import type { Figure, Unit } from '../figures.ts'
import type { Options } from '../options.ts'
import type { Place } from '../place.ts'
import { median } from '../statistics.ts'

export type Measure = (place: Place, options: Options) => Promise<readonly Figure[]>

/** What several rounds gave: their median and range. */
export const figureOf = (
  measure: string,
  name: string,
  rounds: readonly number[],
  unit: Unit,
  target?: number,
): Figure => ({
  measure,
  name,
  value: median(rounds),
  unit,
  range: [Math.min(...rounds), Math.max(...rounds)],
  target,
})

/** The ratio of each round by itself: what slows a round down slows both. */
export const ratios = (ours: readonly number[], theirs: readonly number[]): number[] =>
  ours.map((value, round) => value / (theirs[round] as number))
