import type { Broken, Report } from './messages.ts'
import { type SeedRanges, countSeeds, withSeed } from './seed-ranges.ts'
import type { Revision } from './revision.ts'

/** All that was run on one state of the sources. */
export interface Entry {
  readonly revision: Revision
  /** When it was last run, as `2026-01-31T12:00:00.000Z`. */
  readonly lastRun: string
  /** Seeds that need not be run again. */
  readonly done: SeedRanges
  readonly events: number
  readonly virtualMs: number
  readonly writes: number
  /** Seeds that were run a second time, to compare traces. */
  readonly twice: number
  /** Real time, over all calls. */
  readonly spentMs: number
  /** How often each fault took effect, by its name. */
  readonly effects: Readonly<Record<string, number>>
  readonly failures: readonly Failure[]
}

export interface Failure extends Broken {
  readonly seed: string
  /** How many events there had been when it was found. */
  readonly atEvents: number
  /** Of the shortest history found. */
  readonly steps?: number | undefined
}

export const newEntry = (revision: Revision, lastRun: string): Entry => ({
  revision,
  lastRun,
  done: [],
  events: 0,
  virtualMs: 0,
  writes: 0,
  twice: 0,
  spentMs: 0,
  effects: {},
  failures: [],
})

export const seedsOf = ({ done }: Entry): number => countSeeds(done)

/** A message can be a whole page, and there can be hundreds. */
const MESSAGE_CHARACTERS = 600

export function withReport(entry: Entry, seed: number, isTwice: boolean, report: Report): Entry {
  const { events, virtualMs, writes, effects, broken } = report
  const counted: Entry = {
    ...entry,
    done: withSeed(entry.done, seed),
    events: entry.events + events,
    virtualMs: entry.virtualMs + virtualMs,
    writes: entry.writes + writes,
    twice: entry.twice + (isTwice ? 1 : 0),
    effects: sumOf([entry.effects, effects]),
  }
  return broken ? withFailure(counted, seed, broken) : counted
}

export function withFailure(entry: Entry, seed: number, { rule, message }: Broken): Entry {
  const failure: Failure = {
    seed: String(seed),
    rule,
    message: message.slice(0, MESSAGE_CHARACTERS),
    atEvents: entry.events,
  }
  return { ...entry, done: withSeed(entry.done, seed), failures: [...entry.failures, failure] }
}

export const withSteps = (entry: Entry, seed: string, steps: number): Entry => ({
  ...entry,
  failures: entry.failures.map((failure) => (failure.seed === seed ? { ...failure, steps } : failure)),
})

/** How often each fault took effect, all in all. */
export function sumOf(all: readonly Entry['effects'][]): Entry['effects'] {
  const sum: Record<string, number> = {}
  for (const effects of all) {
    for (const [name, times] of Object.entries(effects)) sum[name] = (sum[name] ?? 0) + times
  }
  return sum
}
