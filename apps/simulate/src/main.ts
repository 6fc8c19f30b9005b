import { newDisplay } from './display.ts'
import { runMany } from './many.ts'
import { runMutants } from './mutants/run-mutants.ts'
import { type Campaign, HELP, type Options, readOptions } from './options.ts'
import { replay } from './replay.ts'
import { writeRecord } from './write-record.ts'

const nowMs = (): number => Date.now()
const display = newDisplay(process.stdout, nowMs)

// Whoever read the output, as `head` does, has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const options = optionsOrExit()
try {
  process.exitCode = await perform(options)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}

async function perform(chosen: Options): Promise<number> {
  switch (chosen.mode) {
    case 'help':
      display.write(HELP)
      return 0
    case 'replay':
      return (await replay(chosen, display)) ? 0 : 1
    case 'mutants':
      return (await runMutants({ ...chosen, tell: (line) => display.write(`${line}\n`) })) ? 0 : 1
    case 'campaign':
      return campaign(chosen)
  }
}

async function campaign(chosen: Campaign): Promise<number> {
  const { amount, isRecorded, stateFile, document } = chosen
  const code = amount ? await runMany({ ...chosen, amount }, display, nowMs) : 0
  if (isRecorded) {
    writeRecord(stateFile, document)
    display.write(`Recorded in ${document}\n`)
  }
  return code
}

function optionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\nSee --help for the options.\n`)
    process.exit(2)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
