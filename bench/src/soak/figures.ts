import type { Load, Settled } from './clients-process.ts'
import { type Histogram, countOf, quantileOf, sumOf } from './histogram.ts'
import { type Point, meanOf, riseOf } from './slope.ts'

/** What a run came to. */
export interface SoakFigures {
  readonly sockets: number
  readonly spaces: number
  readonly seconds: number
  readonly writesPerSecondAsked: number
  readonly writes: number
  readonly writesPerSecond: number
  /** Sockets that were cut one by one. */
  readonly cut: number
  readonly frames: number
  readonly hints: number
  readonly pulls: number
  /** Each time that somebody learned of another's write, in milliseconds. */
  readonly seen: { readonly count: number; readonly p50: number; readonly p95: number; readonly p99: number }
  /** Processor time of the server, and of all clients, as a share of one core's. */
  readonly busy: { readonly server: number; readonly clients: number }
  /** Of the server's process, after the first fifth of the run; `rise` is a share of the mean. */
  readonly rss: MemoryFigure
  readonly heap: MemoryFigure
  readonly equal: number
  readonly different: readonly string[]
  readonly failures: readonly string[]
  readonly herd: Herd
}

export interface Herd {
  /** Sockets that were cut at once. */
  readonly cut: number
  /** Until the last subscriber was back and held what the server holds. */
  readonly ms: number
  readonly equal: number
  readonly different: readonly string[]
}

export interface MemoryFigure {
  /** In bytes. */
  readonly mean: number
  readonly rise: number
  /** All samples, in bytes. */
  readonly samples: readonly number[]
}

/** The first part of a run, in which caches fill, is not looked at. */
const WARM_UP = 0.2

export function memoryOf(points: readonly Point[]): MemoryFigure {
  const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0]
  const late = points.filter(([ms]) => ms >= first + WARM_UP * (last - first))
  return { mean: meanOf(late), rise: riseOf(late), samples: points.map(([, value]) => value) }
}

export function seenOf(histograms: readonly Histogram[]): SoakFigures['seen'] {
  const all = sumOf(histograms)
  const [p50 = 0, p95 = 0, p99 = 0] = [0.5, 0.95, 0.99].map((share) => quantileOf(all, share))
  return { count: countOf(all), p50, p95, p99 }
}

export const total = (loads: readonly Load[], of: (load: Load) => number): number =>
  loads.reduce((sum, load) => sum + of(load), 0)

export const settledOf = (all: readonly Settled[]): Settled => ({
  equal: all.reduce((sum, { equal }) => sum + equal, 0),
  different: all.flatMap(({ different }) => different),
})

/** Whether nobody missed anything: the rest is a matter of more or less. */
export const isWhole = ({ different, failures, herd }: SoakFigures): boolean =>
  different.length + failures.length + herd.different.length === 0
