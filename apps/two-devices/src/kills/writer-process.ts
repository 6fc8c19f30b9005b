import { flushCompileCache } from 'node:module'
import { SyncEngine } from '@whisker/engine'
import { systemRandom } from '@whisker/protocol'
import { sqliteState } from '@whisker/state-node'
import { httpTransport } from '@whisker/transport-http'
import { answerCalls, tell } from '../processes/answer-calls.ts'
import { type Failure, failureOf } from '../processes/messages.ts'
import { type DevicePoint, type DeviceTrace, Stop } from './points.ts'
import { StoppingDevice } from './stopping-device.ts'
import { watchTransactions } from './transactions.ts'
import { COLLECTIONS, type Documents, type Place, SPACE, documentsIn, lastValueOf, placesOf } from './values.ts'

// A process of its own, to be killed: a device that writes and syncs without a pause, and says what it was promised.

export interface WriterSettings {
  readonly name: string
  readonly file: string
  readonly marker: string
  readonly trace: string
  readonly url: string
}

export interface WriterEvents {
  /** A value that is on this device, and so are all before it. */
  resolved: number
  /** One that is on the server. */
  acknowledged: number
  /** A write that resolved, and whose acknowledgement failed. */
  failed: Failure
  round: 'began' | 'ended'
}

export interface Opened {
  /** How many operations wait in the store. */
  readonly pending: number
  /** The last value that it holds. */
  readonly last: number
}

/** Between two values: two writers on one file leave each other time for a round. */
const PAUSE_MS = 15

let engine: SyncEngine
let stop: Stop<DeviceTrace>
let name = ''
let last = 0
const writing = { isOn: false }
let finished: Promise<void> = Promise.resolve()

const commands = {
  async open(settings: WriterSettings): Promise<Opened> {
    // At its end it would be too late.
    flushCompileCache()
    name = settings.name
    stop = new Stop(settings.trace)
    const device = new StoppingDevice(stop)
    watchTransactions(settings.marker, device)
    engine = await SyncEngine.open({
      space: SPACE,
      device: { name },
      collections: COLLECTIONS,
      state: device.state(sqliteState(settings.file)),
      transport: device.transport(httpTransport({ url: settings.url, token: name })),
      // Many small pushes and pages, so that a kill finds something running.
      limits: { batchOperations: 7, pageRows: 50 },
      debounceMs: 5,
      pollMs: 20,
      // Retries come soon.
      random: { ...systemRandom, fraction: () => 0 },
    })
    engine.on('sync_started', () => tell('round', 'began'))
    engine.on('sync_completed', () => tell('round', 'ended'))
    engine.on('sync_failed', () => tell('round', 'ended'))
    last = lastValueOf(name, documentsIn(engine))
    return { pending: engine.status.pending, last }
  },
  start: (): void => engine.start(),
  stopAt: (point: DevicePoint): void => stop.at(point),

  async bulk(count: number): Promise<void> {
    const bulk = engine.collection('bulk')
    await engine.batch(() => {
      for (let index = 0; index < count; index++) void bulk.create(`bulk-${index}`, { value: index })
    })
  },

  /** Writes until it is told to stop, from the value after the last one on. */
  write(): void {
    writing.isOn = true
    finished = writeOn()
  },

  /** Stops writing and waits until everything here is there, and the other way round. */
  async settle(): Promise<void> {
    writing.isOn = false
    await finished
    for (;;) {
      const result = await engine.syncNow()
      if (result.ok && engine.status.pending === 0) return
    }
  },

  documents: (): Documents => documentsIn(engine),
  conflicts: (): number => engine.status.conflicts,
  rejected: (): number => engine.rejected.list().length,
  pending: (): number => engine.status.pending,
}
export type WriterCommands = typeof commands

async function writeOn(): Promise<void> {
  while (writing.isOn) {
    await write(last + 1)
    last++
    tell('resolved', last)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

async function write(value: number): Promise<void> {
  const written = engine.batch(() => {
    for (const place of placesOf(name, value)) put(place, value)
  })
  written.acknowledged.then(
    () => tell('acknowledged', value),
    (error: unknown) => tell('failed', failureOf(error)),
  )
  await written
}

function put({ collection, id, field }: Place, value: number): void {
  const documents = engine.collection(collection)
  if (documents.has(id)) void documents.update(id, { [field]: value })
  else void documents.create(id, { [field]: value })
}

answerCalls(commands)
