import { FAULTS, FAULT_NAMES } from '@whisker/simulator'
import { type Entry, type Failure, seedsOf, sumOf } from './entry.ts'
import { counted, durationOf, grouped } from './numbers.ts'
import { nameOf } from './revision.ts'

/** How many events back a failure counts as open. */
const LATEST_EVENTS = 10_000_000
/** How often a fault has to take effect to be counted as tried. */
const OFTEN = 10_000
const SHOWN_FAILURES = 20
const SHOWN_CHARACTERS = 160

/** What was run, as Markdown. The last entry is the one that the record is about. */
export function recordOf(entries: readonly Entry[]): readonly string[] {
  const last = entries.at(-1)
  if (!last) throw new Error('There is nothing to record: no seed was run. Run some with --minutes.')
  return [...aboutLast(last), '', ...failuresOf(last), '', ...rowsOf(entries), '', ...effectsOf(last, entries)]
}

function aboutLast(entry: Entry): readonly string[] {
  const { revision, lastRun, events, virtualMs, writes, spentMs, twice } = entry
  const perSecond = spentMs > 0 ? Math.round(events / (spentMs / 1000)) : 0
  return [
    `Commit ${marked(nameOf(revision))}, last run on ${lastRun.slice(0, 10)}: ${counted(seedsOf(entry), 'seed')},` +
      ` ${counted(events, 'event')}, ${counted(writes, 'write')}, ${durationOf(virtualMs)} of virtual time,` +
      ` ${counted(perSecond, 'event')} per second. ${counted(twice, 'seed')} ran twice, to compare the traces.`,
  ]
}

function failuresOf({ events, failures }: Entry): readonly string[] {
  const open = failures.filter(({ atEvents }) => atEvents > events - LATEST_EVENTS)
  const share =
    events > LATEST_EVENTS ? `its last ${grouped(LATEST_EVENTS)} events` : `all of its ${grouped(events)} events`
  if (open.length === 0) return [`Open failures in ${share}: none.`]
  const shown = open.slice(-SHOWN_FAILURES)
  const count = shown.length < open.length ? `${grouped(open.length)}, of which the latest are` : grouped(open.length)
  return [`Open failures in ${share}: ${count}`, '', ...shown.map(lineOf)]
}

function lineOf({ seed, message, steps }: Failure): string {
  const [first = ''] = message.split('\n')
  const shrunk = steps === undefined ? '' : `, shrunk to ${counted(steps, 'step')}`
  return `- seed ${seed}${shrunk}: \`${first.replaceAll('`', "'").slice(0, SHOWN_CHARACTERS)}\``
}

/** One row for each commit; what was run with several changes on top of one is in one row. */
function rowsOf(entries: readonly Entry[]): readonly string[] {
  const byName = [...Map.groupBy(entries, ({ revision }) => nameOf(revision))]
  return [
    '| commit | seeds | events | virtual time | failures |',
    '|---|--:|--:|--:|--:|',
    ...byName.map(([name, some]) => rowOf(marked(name), some)),
    rowOf('all', entries),
  ]
}

function rowOf(name: string, entries: readonly Entry[]): string {
  const sum = (of: (entry: Entry) => number): number => entries.reduce((total, entry) => total + of(entry), 0)
  const cells = [
    name,
    grouped(sum(seedsOf)),
    grouped(sum(({ events }) => events)),
    durationOf(sum(({ virtualMs }) => virtualMs)),
    grouped(sum(({ failures }) => failures.length)),
  ]
  return `| ${cells.join(' | ')} |`
}

function effectsOf({ effects }: Entry, entries: readonly Entry[]): readonly string[] {
  const all = sumOf(entries.map((entry) => entry.effects))
  const often = FAULT_NAMES.filter((name) => (all[name] ?? 0) >= OFTEN)
  return [
    `${often.length} of ${FAULT_NAMES.length} kinds of fault took effect at least ${grouped(OFTEN)} times each.`,
    '',
    '| fault | what goes wrong | on this commit | on all |',
    '|---|---|--:|--:|',
    ...FAULT_NAMES.map(
      (name) => `| \`${name}\` | ${FAULTS[name]} | ${grouped(effects[name] ?? 0)} | ${grouped(all[name] ?? 0)} |`,
    ),
  ]
}

/** `61b02d877cba` and changes: the commit as code, the rest as text. */
const marked = (name: string): string => name.replace(/^[0-9a-f]+/, (commit) => `\`${commit}\``)
