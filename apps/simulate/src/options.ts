import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mutantNamed } from './mutants/mutants.ts'

const ROOT = join(import.meta.dirname, '../../..')
const STATE = 'node_modules/.cache/whisker-simulate/state.json'
const DOCUMENT = 'docs/simulation.md'

export const HELP = `Devices, a server and everything that can go wrong between them, in virtual time, from a seed.

  npm run -s simulate -- [options]

  One run, told step by step:
  --seed <text>     the seed; the same one gives the same run
  --shrink          if it breaks a rule: tell the shortest history found that still breaks it

  Many runs, on all cores; a later call goes on where this one ended, as long as the sources stay the same:
  --minutes <n>     run for so long
  --seeds <n>       run so many seeds
  --from <n>        begin at this seed, and leave out those that were run before (1)
  --workers <n>     processes that run seeds at once (one for each core: ${availableParallelism()})
  --fresh           forget what was run on these sources

  --state <file>    where it is kept what was run (${STATE})

  --record          write what was run into ${DOCUMENT}; alone, or after many runs;
                    not where that knows of more seeds than are kept here
  --into <file>     write it there

  --mutants         make the product's mistakes one by one, and count the seeds until each is noticed
  --only <name>     this one alone
  --seeds <n>       give up after so many seeds (20000)

  --help            this text

Exits with 1 if a rule is broken or a mistake is not noticed, with 2 if an option makes no sense.
`

export type Options = Help | Replay | Campaign | MutantHunt

interface Help {
  readonly mode: 'help'
}

/** One run, told. */
export interface Replay {
  readonly mode: 'replay'
  readonly seed: string
  readonly isShrunk: boolean
}

/** Many runs, or none and only the record of earlier ones. */
export interface Campaign {
  readonly mode: 'campaign'
  /** How much is to be run. */
  readonly amount: Amount | undefined
  readonly from: number
  readonly workers: number
  readonly isFresh: boolean
  readonly isRecorded: boolean
  readonly stateFile: string
  readonly document: string
}

/** The product with mistakes in it. */
export interface MutantHunt {
  readonly mode: 'mutants'
  readonly only: string | undefined
  readonly seeds: number | undefined
}

export type Amount = { readonly minutes: number } | { readonly seeds: number }

const FLAGS = ['shrink', 'fresh', 'record', 'mutants', 'help'] as const
const TEXTS = ['seed', 'minutes', 'seeds', 'from', 'workers', 'state', 'into', 'only'] as const
type Name = (typeof FLAGS)[number] | (typeof TEXTS)[number]
type Given = Readonly<Partial<Record<(typeof FLAGS)[number], boolean> & Record<(typeof TEXTS)[number], string>>>

/** What goes together, by the option that says what is to be done. */
const TOGETHER: readonly (readonly [main: Name, others: readonly Name[]])[] = [
  ['seed', ['shrink']],
  ['mutants', ['only', 'seeds']],
  ['minutes', ['from', 'workers', 'fresh', 'state', 'record', 'into']],
  ['seeds', ['from', 'workers', 'fresh', 'state', 'record', 'into']],
  ['record', ['state', 'into']],
]

/** Throws what is wrong with them, in words for whoever typed them. */
export function readOptions(args: readonly string[]): Options {
  const given = parse(args)
  if (given.help) return { mode: 'help' }
  const found = TOGETHER.find(([main]) => main in given)
  if (!found) throw new Error(`One of ${TOGETHER.map(([main]) => `--${main}`).join(', ')} is expected.`)
  const [main, others] = found
  const stranger = Object.keys(given).find((name) => name !== main && !others.some((other) => other === name))
  if (stranger !== undefined) throw new Error(`--${stranger} does not go with --${main}.`)
  if (given.into !== undefined && !given.record) throw new Error('--into goes with --record.')
  if (given.seed !== undefined) return { mode: 'replay', seed: seedOf(given.seed), isShrunk: given.shrink ?? false }
  const seeds = given.seeds === undefined ? undefined : wholeOf('seeds', given.seeds, 1_000_000_000)
  if (given.only !== undefined) mutantNamed(given.only)
  if (given.mutants) return { mode: 'mutants', only: given.only, seeds }
  return {
    mode: 'campaign',
    amount: amountOf(given.minutes, seeds),
    from: wholeOf('from', given.from ?? '1', 1_000_000_000),
    workers: wholeOf('workers', given.workers ?? String(availableParallelism()), 256),
    isFresh: given.fresh ?? false,
    isRecorded: given.record ?? false,
    stateFile: given.state ?? join(ROOT, STATE),
    document: given.into ?? join(ROOT, DOCUMENT),
  }
}

function parse(args: readonly string[]): Given {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...optionsOf(FLAGS, { type: 'boolean' }),
      ...optionsOf(TEXTS, { type: 'string' }),
      help: { type: 'boolean', short: 'h' },
    },
  })
  return values
}

const optionsOf = <N extends string, O>(names: readonly N[], option: O): Record<N, O> =>
  Object.fromEntries(names.map((name) => [name, option])) as Record<N, O>

function seedOf(text: string): string {
  if (text !== '') return text
  throw new Error('--seed takes a text, not an empty one.')
}

function amountOf(minutes: string | undefined, seeds: number | undefined): Amount | undefined {
  if (minutes !== undefined) return { minutes: minutesOf(minutes) }
  return seeds === undefined ? undefined : { seeds }
}

function minutesOf(text: string): number {
  const minutes = text.trim() === '' ? Number.NaN : Number(text)
  if (minutes > 0 && minutes <= 10_000) return minutes
  throw new Error(`--minutes takes a number above 0, at most 10000, not ${text}.`)
}

function wholeOf(name: string, text: string, most: number): number {
  const count = Number(text)
  if (Number.isSafeInteger(count) && count >= 1 && count <= most) return count
  throw new Error(`--${name} takes a whole number from 1 to ${most}, not ${text}.`)
}
