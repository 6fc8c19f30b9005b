import type { Place } from '../place.ts'
import { type Measure, figureOf, ratios } from './measure.ts'

/** From the first write on a device to the end of the round that pushed the last one: durable here and on the server. */
export const upload: Measure = async (place, { documents, rounds }) => {
  const create: number[] = []
  const push: number[] = []
  const stream: number[] = []
  const sqlite: number[] = []
  for (let round = 0; round < rounds; round++) {
    const ours = await uploadOurs(place, documents)
    create.push(ours.create)
    push.push(ours.push)
    stream.push(await uploadBare(place, documents))
    sqlite.push(await insertBare(place, documents))
  }
  const total = create.map((value, round) => value + (push[round] as number))
  const name = `Bulk upload of ${documents} documents`
  return [
    figureOf(name, 'ours, durable on both sides', total, 'ms'),
    figureOf(name, '  of it: written here', create, 'ms'),
    figureOf(name, '  of it: pushed', push, 'ms'),
    figureOf(name, 'bare stream, memory to memory', stream, 'ms'),
    figureOf(name, 'bare SQLite, once', sqlite, 'ms'),
    figureOf(name, 'ours : bare stream', ratios(total, stream), 'ratio'),
    figureOf(name, 'ours : bare SQLite', ratios(total, sqlite), 'ratio'),
  ]
}

async function uploadOurs(place: Place, documents: number): Promise<{ create: number; push: number }> {
  const server = place.server()
  const device = place.device()
  const url = await server.call('listen', place.newFile())
  await device.call('open', { file: place.newFile(), url })
  const create = await device.call('create', documents)
  const push = await device.call('sync')
  await device.call('close')
  await device.end()
  await server.end()
  return { create, push }
}

async function uploadBare(place: Place, documents: number): Promise<number> {
  const server = place.bareServer()
  const client = place.bareClient()
  const duration = await client.call('upload', await server.call('listen', place.newFile()), documents)
  await client.end()
  await server.end()
  return duration
}

/** Also the yardstick of the first download. */
export async function insertBare(place: Place, documents: number): Promise<number> {
  const process = place.bareSqlite()
  const duration = await process.call('insert', place.newFile(), documents)
  await process.end()
  return duration
}
