import { parseArgs } from 'node:util'

export const HELP = `What a server takes: many sockets that follow what others write, for minutes, and all of them back at once.

  npm run -s soak -- [options]

  --minutes <n>     how long is written (10)
  --sockets <n>     sockets, each a subscriber of one space (2000)
  --spaces <n>      spaces (200)
  --writes <n>      writes a second, over all spaces (500)
  --record          write the figures into docs/live.md
  --profile <dir>   write a CPU profile of every process there; figures are worse then
  --json            print the figures as JSON and nothing else
  --help            this text
`

export interface SoakOptions {
  readonly minutes: number
  readonly sockets: number
  readonly spaces: number
  /** In a second. */
  readonly writes: number
  readonly isRecorded: boolean
  readonly profile: string | undefined
  readonly json: boolean
  readonly help: boolean
}

/** Throws what is wrong with them, in words for whoever typed them. */
export function readSoakOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '10' },
      sockets: { type: 'string', default: '2000' },
      spaces: { type: 'string', default: '200' },
      writes: { type: 'string', default: '500' },
      record: { type: 'boolean', default: false },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const minutes = Number(values.minutes)
  if (!(minutes > 0 && minutes <= 10_000)) {
    throw new Error(`--minutes takes a number above 0, up to 10000, not ${values.minutes}.`)
  }
  const [sockets, spaces] = [countOf('sockets', values.sockets), countOf('spaces', values.spaces)]
  if (spaces > sockets)
    throw new Error(`--spaces takes at most as many as there are sockets, ${sockets}, not ${spaces}.`)
  return {
    minutes,
    sockets,
    spaces,
    writes: countOf('writes', values.writes),
    isRecorded: values.record,
    profile: values.profile,
    json: values.json,
    help: values.help,
  }
}

function countOf(name: string, text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= 20_000) return count
  throw new Error(`--${name} takes a whole number from 1 to 20000, not ${text}.`)
}
