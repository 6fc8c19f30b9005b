import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runDemo } from './demo.ts'
import { type Audience, Telling } from './telling.ts'

const HELP = `Two devices that work offline, a server that is killed and later set back, and nothing lost.

  node src/main.ts [options]

  --json           print the facts as JSON and nothing else
  --keep           keep the folder with the databases, and say where it is
  --editions <n>   how often the atlas of 250 countries is added in bulk (20; the check asks for
                   more than 5,000 documents)
  --help           this text

Exits with 1 if anything is not as the story expects.
`

interface Options {
  readonly json: boolean
  readonly keep: boolean
  readonly editions: number
  readonly help: boolean
}

const values = readOptions()

if (values.help) {
  process.stdout.write(HELP)
} else {
  const folder = mkdtempSync(join(tmpdir(), 'two-devices-'))
  const remove = (): void => {
    if (!values.keep) rmSync(folder, { recursive: true, force: true })
  }
  // The children go with this process; the folder does not by itself.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      remove()
      process.exit(code)
    })
  }
  const facts = await runDemo({ folder, editions: values.editions, telling: new Telling(audience()) })
  remove()
  if (values.json) process.stdout.write(`${JSON.stringify(facts, null, 2)}\n`)
  if (values.keep) process.stderr.write(`The databases are in ${folder}\n`)
  process.exitCode = facts.ok ? 0 : 1
}

function readOptions(): Options {
  try {
    const { values: read } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        editions: { type: 'string', default: '20' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    return { ...read, editions: editionsOf(read.editions) }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nSee --help for the options.\n`)
    process.exit(2)
  }
}

function audience(): Audience {
  if (values.json) return { write: () => undefined }
  const { stdout } = process
  return { write: (text) => stdout.write(text), terminal: stdout.isTTY && stdout.columns ? stdout : undefined }
}

function editionsOf(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= 100) return count
  throw new Error(`--editions takes a whole number from 1 to 100, not ${text}`)
}
