import type { Place, Space } from '../place.ts'
import { type Measure, figureOf, ratios } from './measure.ts'
import { insertBare } from './upload.ts'

/** A process that has only loaded its code takes all documents: ours onto its disk, the bare stream into its memory. */
export const download: Measure = async (place, { documents, rounds }) => {
  const space = await place.space(documents)
  const bareServer = place.bareServer()
  const bareUrl = await bareServer.call('listen', place.newFile())
  await bareServer.call('prepare', documents)
  const ours: number[] = []
  const stream: number[] = []
  const sqlite: number[] = []
  for (let round = 0; round < rounds; round++) {
    ours.push(await downloadOurs(place, space))
    stream.push(await downloadBare(place, bareUrl))
    sqlite.push(await insertBare(place, documents))
  }
  await bareServer.end()
  const name = `First download of ${documents} documents`
  return [
    figureOf(name, 'ours, durable', ours, 'ms'),
    figureOf(name, 'bare stream, memory only', stream, 'ms'),
    figureOf(name, 'bare SQLite, no network', sqlite, 'ms'),
    figureOf(name, 'ours : bare stream', ratios(ours, stream), 'ratio', 3),
    figureOf(name, 'ours : bare SQLite', ratios(ours, sqlite), 'ratio'),
  ]
}

async function downloadOurs(place: Place, { url, documents }: Space): Promise<number> {
  const device = place.device()
  const duration = await device.call('download', { file: place.newFile(), url })
  const size = await device.call('size')
  if (size !== documents) throw new Error(`The device downloaded ${size} documents of ${documents}.`)
  await device.call('close')
  await device.end()
  return duration
}

async function downloadBare(place: Place, url: string): Promise<number> {
  const client = place.bareClient()
  const duration = await client.call('download', url)
  await client.end()
  return duration
}
