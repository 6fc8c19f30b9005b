import { SyncEngine } from '@whisker/engine'
import { sqliteState } from '@whisker/state-node'
import { httpTransport } from '@whisker/transport-http'
import { COLLECTION, type Passage, idOf, passages } from '../workload.ts'
import { answerCalls, heldBytes, timed } from './answer-calls.ts'
import { type Traffic, meteredFetch, takeTraffic } from './traffic.ts'

// A process of its own: one device, its engine on its SQLite file. It syncs only when it is told to.

/** Documents in one local transaction. */
const BATCH = 500

type Documents = Record<typeof COLLECTION, Passage>

export interface DeviceSettings {
  readonly file: string
  readonly url: string
  /** Counts what goes over the line; costs time, so not where time is measured. */
  readonly isMetered?: boolean
}

let opened: SyncEngine<Documents> | undefined

const commands = {
  open: async (settings: DeviceSettings): Promise<number> => timed(async () => open(settings)),
  /** Writes documents; the time until the last one is durable here. */
  async create(count: number): Promise<number> {
    const all = passages(count)
    const collection = engine().collection(COLLECTION)
    return timed(async () => {
      for (let from = 0; from < count; from += BATCH) {
        const writes = all.slice(from, from + BATCH).map(async (one, at) => collection.create(idOf(from + at), one))
        await Promise.all(writes)
      }
    })
  },
  /** A round; the time until everything here is durable on the server and everything there is durable here. */
  sync: async (): Promise<number> => timed(sync),
  /** A cold device's first download; the time from nothing to the last document durable here. */
  download: async (settings: DeviceSettings): Promise<number> =>
    timed(async () => {
      await open(settings)
      await sync()
    }),
  /** The time until one edit is acknowledged. */
  async edit(index: number, title: string): Promise<number> {
    let round: Promise<void> | undefined
    const duration = await timed(async () => {
      const write = engine().collection(COLLECTION).update(idOf(index), { title })
      round = sync()
      await write.acknowledged
    })
    await round
    return duration
  },
  /** The time from the start of a round to the moment that what it pulled is durable here. */
  async catchUp(): Promise<number> {
    const begin = performance.now()
    let end = begin
    const unlisten = engine().on('sync_progress', ({ phase }) => {
      if (phase === 'pull') end = performance.now()
    })
    await sync()
    unlisten()
    return end - begin
  },
  titleOf: (index: number): string | undefined => engine().collection(COLLECTION).get(idOf(index))?.title,
  /** The time to open a store and read every document of it. */
  reopen: async (settings: DeviceSettings): Promise<number> =>
    timed(async () => {
      await open(settings)
      readAll()
    }),
  /** What a store takes of memory, opened and with every document read, in bytes. */
  async memory(settings: DeviceSettings): Promise<number> {
    const before = heldBytes()
    await open(settings)
    readAll()
    return heldBytes() - before
  },
  size: (): number => engine().collection(COLLECTION).size,
  takeTraffic: (): Traffic => takeTraffic(),
  async close(): Promise<void> {
    await engine().close()
    opened = undefined
  },
}
export type DeviceCommands = typeof commands

async function open({ file, url, isMetered = false }: DeviceSettings): Promise<void> {
  opened = await SyncEngine.open<Documents>({
    space: 'stories',
    collections: { [COLLECTION]: { strategy: 'auto_merge' } },
    state: sqliteState(file),
    transport: httpTransport({ url, ...(isMetered && { fetch: meteredFetch }) }),
  })
}

function engine(): SyncEngine<Documents> {
  if (!opened) throw new Error('The device is not open.')
  return opened
}

async function sync(): Promise<void> {
  const result = await engine().syncNow()
  if (!result.ok) throw result.error
}

/** Touches each document as an app that shows it would. */
function readAll(): void {
  let characters = 0
  for (const { value } of engine().collection(COLLECTION).list()) characters += value.text.length
  if (characters === 0) throw new Error('There is nothing to read.')
}

answerCalls(commands)
