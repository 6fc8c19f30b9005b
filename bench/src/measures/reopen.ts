import { type Measure, figureOf, ratios } from './measure.ts'

/** What the target speaks of. */
const DOCUMENTS = 10_000

/** A cold process opens a store in which nothing changed and reads every document. */
export const reopen: Measure = async (place, options) => {
  const documents = Math.min(DOCUMENTS, options.documents)
  const { owner } = await place.space(documents)
  const bareFile = place.newFile()
  const inserting = place.bareSqlite()
  await inserting.call('insert', bareFile, documents)
  await inserting.end()
  const ours: number[] = []
  const bare: number[] = []
  for (let round = 0; round < Math.max(5, options.rounds); round++) {
    const device = place.device()
    ours.push(await device.call('reopen', owner))
    await device.call('close')
    await device.end()
    const process = place.bareSqlite()
    bare.push(await process.call('load', bareFile))
    await process.end()
  }
  const name = `Reopen ${documents} documents, nothing changed`
  return [
    figureOf(name, 'ours, all read', ours, 'ms', 100),
    figureOf(name, 'bare SQLite, all parsed', bare, 'ms'),
    figureOf(name, 'ours : bare SQLite', ratios(ours, bare), 'ratio'),
  ]
}
