import { parseArgs } from 'node:util'

export const HELP = `What syncing costs, against a bare stream and bare SQLite in the same run.

  npm run bench -- [options]

  --documents <n>   documents in a space (20000)
  --growth <n>      documents in the large space of the growth measure (100000)
  --edits <n>       edits of the live, the growth and the fan-out measure (240)
  --rounds <n>      rounds of the bulk measures (3)
  --only <names>    only these measures, with commas between: upload, download, reopen, memory, bytes, live, growth,
                    fan-out
  --profile <dir>   write a CPU profile of every process there; figures are slower then
  --json            print the figures as JSON and nothing else
  --help            this text
`

/** In the order in which they run: those that edit a space come after those that count what is in it. */
export const MEASURES = ['upload', 'download', 'reopen', 'memory', 'bytes', 'live', 'growth', 'fan-out'] as const
export type MeasureName = (typeof MEASURES)[number]

export interface Options {
  readonly documents: number
  readonly growth: number
  readonly edits: number
  readonly rounds: number
  readonly only: readonly MeasureName[]
  readonly profile: string | undefined
  readonly json: boolean
  readonly help: boolean
}

/** Throws what is wrong with them, in words for whoever typed them. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      documents: { type: 'string', default: '20000' },
      growth: { type: 'string', default: '100000' },
      edits: { type: 'string', default: '240' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: MEASURES.join(',') },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  return {
    documents: countOf('documents', values.documents),
    growth: countOf('growth', values.growth),
    edits: countOf('edits', values.edits),
    rounds: countOf('rounds', values.rounds),
    only: measuresOf(values.only),
    profile: values.profile,
    json: values.json,
    help: values.help,
  }
}

function countOf(name: string, text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= 1_000_000) return count
  throw new Error(`--${name} takes a whole number from 1 to 1000000, not ${text}.`)
}

function measuresOf(text: string): readonly MeasureName[] {
  const names = text.split(',')
  const stranger = names.find((name) => !MEASURES.some((measure) => measure === name))
  if (stranger === undefined) return MEASURES.filter((measure) => names.includes(measure))
  throw new Error(`--only takes some of ${MEASURES.join(', ')}, not ${stranger}.`)
}
