import { type Measure, figureOf, ratios } from './measure.ts'

/** Cold processes that hold all documents, after a garbage collection. */
export const memory: Measure = async (place, { documents }) => {
  const { owner } = await place.space(documents)
  const bareFile = place.newFile()
  const inserting = place.bareSqlite()
  await inserting.call('insert', bareFile, documents)
  await inserting.end()
  const ours: number[] = []
  const bare: number[] = []
  for (let round = 0; round < 3; round++) {
    const device = place.device()
    ours.push((await device.call('memory', owner)) / documents)
    await device.call('close')
    await device.end()
    const process = place.bareSqlite()
    bare.push((await process.call('memory', bareFile)) / documents)
    await process.end()
  }
  const name = `Memory of ${documents} documents`
  return [
    figureOf(name, 'ours, for each', ours, 'bytes'),
    figureOf(name, 'a Map of the parsed documents, for each', bare, 'bytes'),
    figureOf(name, 'ours : Map', ratios(ours, bare), 'ratio', 1.5),
  ]
}
