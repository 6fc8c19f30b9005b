import { type JsonObject, SyncEngine } from '@whisker/engine'
import { sqliteState } from '@whisker/state-node'
import { httpTransport } from '@whisker/transport-http'
import { answerCalls, tell } from '../processes/answer-calls.ts'
import { type Failure, failureOf } from '../processes/messages.ts'
import { TransactionMarker, markedState } from './transaction-marker.ts'

// A process of its own, to be killed: a device that writes and syncs without a pause, and says what it was promised.

export interface WriterSettings {
  readonly name: string
  readonly file: string
  readonly marker: string
  readonly url: string
}

/** A promise that this device was given: that a field of a document has at least this value. */
export interface Promised {
  readonly collection: string
  readonly id: string
  readonly field: string
  readonly value: number
}

export interface WriterEvents {
  resolved: Promised
  acknowledged: Promised
  /** A write that resolved, and whose acknowledgement failed. */
  failed: Failure
  round: 'began' | 'ended'
}

const OWN_DOCUMENTS = 40
const SHARED_DOCUMENTS = 5

let engine: SyncEngine
let name = ''
const writing = { isOn: false }
let finished: Promise<void> = Promise.resolve()

const commands = {
  /** Returns how many operations wait in the store that it opens. */
  async open(settings: WriterSettings): Promise<number> {
    name = settings.name
    engine = await SyncEngine.open({
      space: 'kills',
      device: { name },
      collections: { bulk: {}, own: {}, shared: {} },
      state: markedState(sqliteState(settings.file), new TransactionMarker(settings.marker)),
      transport: httpTransport({ url: settings.url, token: name }),
      // Many small pushes and pages, so that a kill finds something running.
      limits: { batchOperations: 7, pageRows: 50 },
      debounceMs: 5,
      pollMs: 20,
    })
    engine.on('sync_started', () => tell('round', 'began'))
    engine.on('sync_completed', () => tell('round', 'ended'))
    engine.on('sync_failed', () => tell('round', 'ended'))
    const { pending } = engine.status
    engine.start()
    return pending
  },

  async bulk(count: number): Promise<void> {
    const bulk = engine.collection('bulk')
    await engine.batch(() => {
      for (let index = 0; index < count; index++) void bulk.create(`bulk-${index}`, { value: index })
    })
  },

  /** Writes until it is told to stop, from the value after `last` on. */
  write(last: number): void {
    writing.isOn = true
    finished = writeOn(last)
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

  documents: (): readonly (readonly [key: string, value: JsonObject])[] =>
    ['bulk', 'own', 'shared'].flatMap((collection) =>
      engine
        .collection(collection)
        .list()
        .map(({ id, value }) => [`${collection}/${id}`, value] as const),
    ),
  conflicts: (): number => engine.status.conflicts,
  rejected: (): number => engine.rejected.list().length,
  pending: (): number => engine.status.pending,
}
export type WriterCommands = typeof commands

async function writeOn(last: number): Promise<void> {
  for (let value = last + 1; writing.isOn; value++) {
    const own = `${name}-${value % OWN_DOCUMENTS}`
    const shared = `shared-${value % SHARED_DOCUMENTS}`
    await Promise.all([put('own', own, 'value', value), put('shared', shared, name, value)])
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
}

async function put(collection: string, id: string, field: string, value: number): Promise<void> {
  const documents = engine.collection(collection)
  const promised: Promised = { collection, id, field, value }
  const written = documents.has(id)
    ? documents.update(id, { [field]: value })
    : documents.create(id, { [field]: value })
  written.acknowledged.then(
    () => tell('acknowledged', promised),
    (error: unknown) => tell('failed', failureOf(error)),
  )
  await written
  tell('resolved', promised)
}

answerCalls(commands)
