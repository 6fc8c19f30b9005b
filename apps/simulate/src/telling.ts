import type { DevicePlan, FaultOptions, Habits, Outcome, Plan } from '@whisker/simulator'
import { counted, durationOf, grouped } from './numbers.ts'
import type { Run } from './run-seed.ts'

const WIDTH = 110

/** A whole run: under what it took place, what happened, what came of it. */
export const tellRun = ({ outcome, broken }: Run): readonly string[] => [
  ...tellPlan(outcome.plan),
  '',
  ...outcome.story,
  '',
  ...tellOutcome(outcome),
  broken ? `BROKEN ${broken.message}` : 'All rules hold.',
]

/** What a run has to do and to bear. */
function tellPlan({ seed, store, devices, faults, serverLimits, habits = {}, steps }: Plan): readonly string[] {
  return [
    `seed     ${seed}`,
    `server   stores in ${store === 'sqlite' ? 'SQLite' : 'memory'}${limitsOf(serverLimits)}`,
    ...devices.map((device, index) => `${`D${index}`.padEnd(9)}${tellDevice(device)}`),
    ...wrapped('faults   ', tellFaults(faults)),
    ...wrapped('habits   ', tellHabits(habits)),
    ...wrapped(
      'steps    ',
      steps.map(({ number, kind }) => `${number} ${kind}`),
    ),
  ]
}

const tellDevice = ({ slots, isLive, limits }: DevicePlan): string =>
  `${counted(slots, 'process', 'processes')}, ${isLive ? 'live' : 'asks now and then'}${limitsOf(limits)}`

const limitsOf = (limits: object): string =>
  Object.entries(limits)
    .map(([name, value]) => `, ${name} ${value}`)
    .join('')

const tellFaults = (faults: FaultOptions): readonly string[] =>
  Object.entries(faults).map(([name, rate]) => `${name} ${(100 * rate).toFixed(1)} %`)

const tellHabits = (habits: Habits): readonly string[] =>
  Object.entries(habits).map(([name, value]) => `${name} ${value}`)

function tellOutcome({ events, virtualMs, writes, effects, trace }: Outcome): readonly string[] {
  const struck = Object.entries(effects).map(([name, times]) => `${name} ${grouped(times)}`)
  return [
    ...wrapped('took effect  ', struck),
    `${counted(events, 'event')}, ${durationOf(virtualMs)} of virtual time, ${counted(writes, 'write')}, trace ${trace}`,
  ]
}

/** A list in lines of a readable length, under a heading; nothing if the list is empty. */
function wrapped(heading: string, parts: readonly string[]): readonly string[] {
  const lines: string[] = []
  let line = heading
  for (const [index, part] of parts.entries()) {
    const piece = index === parts.length - 1 ? part : `${part}, `
    if (line.length + piece.length > WIDTH && line.trim() !== heading.trim()) {
      lines.push(line.trimEnd())
      line = ' '.repeat(heading.length)
    }
    line += piece
  }
  return parts.length === 0 ? [] : [...lines, line]
}

/** How to see a run again. */
export const replayCommand = (seed: string, isShrunk: boolean): string => {
  const text = /^[\w.-]+$/.test(seed) ? seed : `'${seed.replaceAll("'", String.raw`'\''`)}'`
  return `npm run -s simulate -- --seed ${text}${isShrunk ? ' --shrink' : ''}`
}
