import { FAULT_NAMES } from '@whisker/simulator'
import { type Entry, type Failure, seedsOf } from './entry.ts'
import type { Shrunk } from './messages.ts'
import { counted, durationOf, grouped } from './numbers.ts'
import { nameOf } from './revision.ts'
import { replayCommand } from './telling.ts'

/** What many runs say before, between and after. All counts are of all that was run on these sources. */
export function tellBeginning(entry: Entry, workers: number): string {
  const seeds = seedsOf(entry)
  const known = seeds === 0 ? 'nothing was run on these sources before' : `goes on after ${counted(seeds, 'seed')}`
  return `${nameOf(entry.revision)}: ${known}. ${counted(workers, 'process', 'processes')} at work.\n`
}

export function progressOf(entry: Entry, eventsPerSecond: number): string {
  const { events, virtualMs, failures } = entry
  return [
    counted(seedsOf(entry), 'seed'),
    counted(failures.length, 'failure'),
    `${counted(events, 'event')} (${grouped(Math.round(eventsPerSecond))}/s)`,
    `${durationOf(virtualMs)} of virtual time`,
  ].join(', ')
}

export const tellFailure = ({ seed, message }: Failure): string =>
  `FAILED seed ${seed}: ${message}\n  tell it: ${replayCommand(seed, false)}\n`

export const tellShrunk = ({ seed }: Failure, { steps, lines }: Shrunk): string =>
  [`Seed ${seed}, shrunk to ${counted(steps, 'step')}:`, ...lines, `shrink it: ${replayCommand(seed, true)}`]
    .join('\n')
    // Stacks have lines of their own.
    .replaceAll('\n', '\n  ')
    .concat('\n')

export function tellTotal(entry: Entry, eventsPerSecond: number): string {
  const { effects, failures } = entry
  const struck = FAULT_NAMES.map((name) => ({ name, times: effects[name] ?? 0 })).sort((a, b) => a.times - b.times)
  const [rarest] = struck
  const byRule = [...Map.groupBy(failures, ({ rule }) => rule)].map(([rule, some]) => `${rule} ${some.length}`)
  return [
    `${progressOf(entry, eventsPerSecond)}.`,
    ...(rarest ? [`The rarest fault, ${rarest.name}, took effect ${counted(rarest.times, 'time')}.`] : []),
    ...(byRule.length > 0 ? [`Failures by rule: ${byRule.join(', ')}.`] : []),
    '',
  ].join('\n')
}
