import { isWhole } from './figures.ts'
import { HELP, type SoakOptions, readSoakOptions } from './options.ts'
import { DOCUMENT, currentOrigin, record } from './record.ts'
import { textOf } from './report.ts'
import { runSoak } from './run.ts'

const options = optionsOrExit()
if (options.help) process.stdout.write(HELP)
else await soak(options)

async function soak(chosen: SoakOptions): Promise<void> {
  const origin = chosen.isRecorded ? currentOrigin() : undefined
  const figures = await runSoak(chosen, (step) => process.stderr.write(`${step} …\n`))
  process.stdout.write(chosen.json ? `${JSON.stringify(figures, null, 2)}\n` : textOf(figures))
  for (const line of [...figures.different, ...figures.herd.different, ...figures.failures].slice(0, 20)) {
    process.stderr.write(`${line}\n`)
  }
  if (origin) {
    record(figures, origin)
    process.stderr.write(`Recorded in ${DOCUMENT}\n`)
  }
  process.exitCode = isWhole(figures) ? 0 : 1
}

function optionsOrExit(): SoakOptions {
  try {
    return readSoakOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nSee --help for the options.\n`)
    process.exit(2)
  }
}
