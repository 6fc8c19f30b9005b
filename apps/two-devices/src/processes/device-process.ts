import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AnyDocuments,
  type CollectionOptions,
  type Patch,
  type Resolution,
  type SyncEvents,
  type SyncResult,
  type SyncStatus,
  type Statistics,
  SyncEngine,
  type SyncEngineOptions,
  withFallback,
} from '@whisker/engine'
import { type Conflict, type JsonObject, type Transport, formatDot } from '@whisker/protocol'
import { sqliteState } from '@whisker/state-node'
import { httpTransport } from '@whisker/transport-http'
import { webSocketTransport } from '@whisker/transport-ws'
import { answerCalls, tell } from './answer-calls.ts'
import { type Failure, failureOf } from './messages.ts'
import { watchOffers } from './watch-offers.ts'

// A process of its own, started by control.ts: one engine on one file.

export interface DeviceSettings {
  readonly name: string
  /** The SQLite file, made if it is new. */
  readonly file: string
  readonly url: string
  readonly token: string
  readonly space: string
  readonly collections: Readonly<Record<string, CollectionOptions>>
  /** Operations in one push: fewer make more commits on the server. */
  readonly batchOperations?: number | undefined
  /** Whether it talks over a WebSocket while there is one. Default: false, by HTTP alone. */
  readonly isLive?: boolean | undefined
}

export interface DeviceDocument {
  readonly collection: string
  readonly id: string
  readonly value: JsonObject
  readonly metadata: JsonObject
  /** How many of its operations the server has not acknowledged. */
  readonly pending: number
  readonly conflicts: number
}

export interface DeviceConflict {
  readonly collection: string
  readonly id: string
  readonly path: readonly string[]
  /** In the order of their times; `pick` is the name under which `resolve` takes it. */
  readonly values: readonly { readonly pick: string; readonly value: unknown; readonly shown: boolean }[]
}

export type RoundResult = Extract<SyncResult, { ok: true }> | { readonly ok: false; readonly failure: Failure }

/** What a device tells of unasked. */
export interface DeviceEvents {
  sync_started: SyncEvents['sync_started']
  sync_progress: SyncEvents['sync_progress']
  sync_completed: SyncEvents['sync_completed']
  sync_failed: Failure
  status_changed: SyncStatus
}

const LIVE_WITHIN_MS = 30_000

let opened: SyncEngine | undefined
let offered: ReadonlySet<string> = new Set()
let collections: readonly string[] = []

const commands = {
  async open(settings: DeviceSettings): Promise<void> {
    const { name, file, space, batchOperations } = settings
    const watched = watchOffers(transportOf(settings))
    const options: SyncEngineOptions<AnyDocuments> = {
      space,
      device: { name },
      collections: settings.collections,
      state: sqliteState(file),
      transport: watched.transport,
      limits: batchOperations === undefined ? {} : { batchOperations },
    }
    opened = await SyncEngine.open(options)
    offered = watched.offered
    collections = Object.keys(settings.collections)
    forward(opened)
  },
  async close(): Promise<void> {
    await engine().close()
  },

  start: (): void => engine().start(),
  stop: (): void => engine().stop(),
  synced: async (): Promise<void> => engine().synced(),
  /** Resolves when changes come without being asked for. */
  async live(): Promise<void> {
    const signal = AbortSignal.timeout(LIVE_WITHIN_MS)
    while (engine().status.state !== 'live') {
      if (signal.aborted) throw new Error(`Expected a live connection, but the device is ${engine().status.state}.`)
      await sleep(20)
    }
  },
  async syncNow(): Promise<RoundResult> {
    const result = await engine().syncNow()
    return result.ok ? result : { ok: false, failure: failureOf(result.error) }
  },

  create: async (collection: string, id: string, value: JsonObject): Promise<void> =>
    collectionOf(collection).create(id, value),
  /** All of them in one transaction. */
  async createMany(
    collection: string,
    documents: readonly (readonly [id: string, value: JsonObject])[],
  ): Promise<void> {
    const into = collectionOf(collection)
    await engine().batch(() => {
      for (const [id, value] of documents) void into.create(id, value)
    })
  },
  update: async (collection: string, id: string, patch: Patch<JsonObject>): Promise<void> =>
    collectionOf(collection).update(id, patch),
  set: async (collection: string, id: string, value: JsonObject): Promise<void> =>
    collectionOf(collection).set(id, value),
  /** Edits a document; resolves to when that began, on the machine's clock. */
  async updateNow(collection: string, id: string, patch: Patch<JsonObject>): Promise<number> {
    const ms = nowMs()
    await collectionOf(collection).update(id, patch)
    return ms
  },
  /** Resolves to when a document first shows a text in one of its fields, on the machine's clock. */
  whenShown: async (collection: string, id: string, field: string, text: string): Promise<number> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (collectionOf(collection).get(id)?.[field] !== text) return
        stop()
        resolve(nowMs())
      }
      const stop = collectionOf(collection).subscribe(look)
      look()
    }),
  updateMetadata: async (collection: string, id: string, patch: JsonObject): Promise<void> =>
    collectionOf(collection).updateMetadata(id, patch),
  delete: async (collection: string, id: string): Promise<void> => collectionOf(collection).delete(id),
  resolve: async (collection: string, id: string, resolution: Resolution): Promise<void> =>
    collectionOf(collection).resolve(id, resolution),

  get: (collection: string, id: string): JsonObject | undefined => collectionOf(collection).get(id),
  ids: (collection: string): readonly string[] =>
    collectionOf(collection)
      .list()
      .map(({ id }) => id),
  /** Every document of every collection, copies too. */
  documents: (): readonly DeviceDocument[] => collections.flatMap(documentsOf),
  conflicts: (): readonly DeviceConflict[] =>
    collections.flatMap((collection) =>
      collectionOf(collection)
        .conflicts()
        .map((conflict) => ({ collection, id: conflict.id, path: conflict.path, values: valuesOf(conflict) })),
    ),
  count: (): number => collections.reduce((sum, collection) => sum + collectionOf(collection).size, 0),

  status: (): SyncStatus => engine().status,
  statistics: (): Statistics => engine().statistics,
  /** The documents, as `collection/id`, that servers which had lost them took back since this device was opened. */
  offered: (): readonly string[] => [...offered],
  rejected: (): readonly { readonly id: string; readonly code: string }[] =>
    engine()
      .rejected.list()
      .map(({ id, reason }) => ({ id, code: reason.code })),
}
export type DeviceCommands = typeof commands

/** All processes of the machine measure against it, to fractions of a millisecond. */
const nowMs = (): number => performance.timeOrigin + performance.now()

function transportOf({ url, token, isLive = false }: DeviceSettings): Transport {
  const server = { url, token }
  return isLive ? withFallback(webSocketTransport(server), httpTransport(server)) : httpTransport(server)
}

function engine(): SyncEngine {
  if (!opened) throw new Error('The device is not open.')
  return opened
}

const collectionOf = (name: string): ReturnType<SyncEngine['collection']> => engine().collection(name)

const documentsOf = (collection: string): DeviceDocument[] =>
  collectionOf(collection)
    .list()
    .map(({ id, value, metadata, conflicts }) => ({
      collection,
      id,
      value,
      metadata,
      pending: engine().pendingOf(collection, id),
      conflicts: conflicts.length,
    }))

const valuesOf = (conflict: Conflict): DeviceConflict['values'] =>
  conflict.values.map(({ dot, value, shown }) => ({ pick: formatDot(dot), value, shown }))

function forward(from: SyncEngine): void {
  from.on('sync_started', (event) => tell('sync_started', event))
  from.on('sync_progress', (event) => tell('sync_progress', event))
  from.on('sync_completed', (event) => tell('sync_completed', event))
  from.on('sync_failed', ({ error }) => tell('sync_failed', failureOf(error)))
  from.on('status_changed', (event) => tell('status_changed', event))
}

answerCalls(commands)
