import { cpus } from 'node:os'
import { type Figure, type Report, isMet } from './figures.ts'
import { bytes } from './measures/bytes.ts'
import { download } from './measures/download.ts'
import { fanOut } from './measures/fan-out.ts'
import { growth } from './measures/growth.ts'
import { live } from './measures/live.ts'
import type { Measure } from './measures/measure.ts'
import { memory } from './measures/memory.ts'
import { reopen } from './measures/reopen.ts'
import { upload } from './measures/upload.ts'
import { HELP, type MeasureName, type Options, readOptions } from './options.ts'
import { openPlace } from './place.ts'
import { tableOf } from './table.ts'

const MEASURE: Readonly<Record<MeasureName, Measure>> = {
  upload,
  download,
  reopen,
  memory,
  bytes,
  live,
  growth,
  'fan-out': fanOut,
}

const options = optionsOrExit()
if (options.help) process.stdout.write(HELP)
else await run(options)

async function run({ only, documents, growth: large, json, profile }: Options): Promise<void> {
  const place = openPlace(profile)
  // The processes would go with this one, the folder would not.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => void place.end().finally(() => process.exit(code)))
  }
  const figures: Figure[] = []
  try {
    for (const name of only) {
      process.stderr.write(`${name} …\n`)
      figures.push(...(await MEASURE[name](place, options)))
    }
  } finally {
    await place.end()
  }
  const { node, processor } = machine()
  const judged = figures.map((figure) => ({ ...figure, met: isMet(figure) }))
  const report: Report = { node, processor, documents, growth: large, figures: judged }
  process.stdout.write(
    json ? `${JSON.stringify(report, null, 2)}\n` : `Node ${node}, ${processor}\n\n${tableOf(figures)}`,
  )
}

function machine(): Pick<Report, 'node' | 'processor'> {
  const all = cpus()
  return { node: process.versions.node, processor: `${all.length} × ${all[0]?.model ?? 'unknown'}` }
}

function optionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nSee --help for the options.\n`)
    process.exit(2)
  }
}
