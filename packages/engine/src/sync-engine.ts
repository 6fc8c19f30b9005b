import {
  type Clock,
  LIMITS,
  type Limits,
  type Random,
  type StateStore,
  SyncError,
  type Transport,
  mintDeviceId,
  mintReplicaId,
  systemClock,
  systemRandom,
  toSyncError,
} from '@whisker/protocol'
import { checkFunction, checkOptions } from './check-options.ts'
import { Collection, unknownCollection } from './collection.ts'
import { Core, type WriteResult, closedError } from './core.ts'
import type { CollectionOptions } from './documents/options.ts'
import type { SyncEvents, SyncResult, SyncStatus } from './events.ts'
import type { Statistics } from './ledger/records.ts'
import { noteLostRows, readLedger } from './ledger/stored.ts'
import type { AnyDocuments, DocumentMap } from './plain-types.ts'
import { type Presence, SpacePresence } from './presence.ts'
import { type RejectedOperations, rejectedOperations } from './rejected.ts'
import { statusOf } from './status.ts'
import { SyncLoop } from './sync/sync-loop.ts'
import { type WakeSource, platformWakes } from '@whisker/protocol/transport'

export interface SyncEngineOptions<M> {
  /** The unit of sharing, order and access: one engine is one space. */
  readonly space: string
  readonly device?: { readonly name?: string | undefined } | undefined
  readonly collections: { readonly [C in keyof M]: CollectionOptions }
  readonly state: StateStore
  /** Left out: local only. */
  readonly transport?: Transport | undefined
  readonly limits?: Partial<Limits> | undefined
  /** Between rounds on a transport that does not tell of changes, in milliseconds; Infinity for never. Default: 10,000. */
  readonly pollMs?: number | undefined
  /** From an edit to the round that sends it on such a transport, in milliseconds. Default: 100. */
  readonly debounceMs?: number | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** What tells that trying now may be worth it. Default: the browser's events for online and visible. */
  readonly wakes?: WakeSource | undefined
}

/** An app's own copy of a space: read and written here, synced with the other devices when there is a way. */
export class SyncEngine<M = AnyDocuments> {
  readonly rejected: RejectedOperations
  readonly presence: Presence
  readonly #core: Core
  readonly #loop: SyncLoop
  readonly #transport: Transport | undefined
  readonly #collections: Map<string, Collection<unknown>> = new Map()
  readonly #endWatch: () => void
  #lastStatus = ''

  private constructor(core: Core, loop: SyncLoop, presence: Presence, transport: Transport | undefined) {
    this.#core = core
    this.#loop = loop
    this.presence = presence
    this.#transport = transport
    for (const [name, parts] of core.collections) this.#collections.set(name, new Collection(core, name, parts))
    this.rejected = rejectedOperations(core)
    this.#endWatch = core.store.watch(() => void core.committer.catchUp())
    core.onChange = () => this.#tellStatus()
    this.#lastStatus = JSON.stringify(statusOf(core, loop))
  }

  /** Opens the local replica. Never touches the network. */
  static async open<M extends DocumentMap<M> = AnyDocuments>(
    options: SyncEngineOptions<NoInfer<M>>,
  ): Promise<SyncEngine<M>> {
    checkOptions(options)
    const { space, device, collections, state, transport } = options
    const { clock = systemClock, random = systemRandom } = options
    const store = await state.open(space, () => mintDeviceId(random))
    try {
      const stored = await store.load()
      const configured = collections as Readonly<Record<string, CollectionOptions>>
      const strategyOf = (name: string): CollectionOptions['strategy'] =>
        Object.hasOwn(configured, name) ? (configured[name]?.strategy ?? 'auto_merge') : undefined
      const ledger = readLedger(stored, {
        slot: store.slot,
        opening: mintReplicaId(random),
        mintReplica: () => mintReplicaId(random),
        strategyOf,
      })
      noteLostRows(ledger, stored)
      // What is written now must not look as if its author had seen what is gone, which may be the own writes of before.
      if (ledger.link.lacksRows) ledger.leaveSlot()
      ledger.claimSlot()
      const coreOptions = {
        space,
        deviceName: (device?.name ?? 'unnamed').slice(0, 128).toWellFormed(),
        collections: configured,
        limits: { ...LIMITS, ...options.limits },
        clock,
        random,
      }
      const core = new Core(coreOptions, ledger, store, stored.revision)
      await core.commit()
      const presence = new SpacePresence(clock)
      const loop = new SyncLoop(core, {
        transport,
        presence,
        pollMs: options.pollMs ?? 10_000,
        debounceMs: options.debounceMs ?? 100,
        wakes: options.wakes ?? platformWakes,
      })
      return new SyncEngine<M>(core, loop, presence, transport)
    } catch (error) {
      await store.close()
      throw toSyncError(error, 'store_failed')
    }
  }

  /** The collection of that name; refuses one that was not configured: `unknown_collection`. */
  collection<C extends keyof M & string>(name: C): Collection<M[C]> {
    const collection = this.#collections.get(name)
    if (!collection) throw unknownCollection(name)
    return collection as Collection<M[C]>
  }

  /** Several writes in one transaction and one notification: all of them on this device, or none. */
  batch(run: () => void): WriteResult {
    return this.#core.batch(run)
  }

  /** Syncs from now on: at once, after each change, on a timer, and again after each failure. */
  start(): void {
    if (this.#core.isClosed) throw closedError()
    this.#loop.start()
  }

  stop(): void {
    this.#loop.stop()
  }

  /** One round now. Resolves to what came of it, offline too. */
  syncNow(): Promise<SyncResult> {
    return this.#loop.syncNow()
  }

  /** Resolves once everything here is on the server and everything there is here, as of this call. */
  synced(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#loop.synced(options.signal)
  }

  get status(): SyncStatus {
    return statusOf(this.#core, this.#loop)
  }

  get statistics(): Statistics {
    return this.#core.ledger.statistics
  }

  get device(): { readonly id: string; readonly name: string } {
    return { id: this.#core.store.device, name: this.#core.options.deviceName }
  }

  /** How many operations of a document the server has not acknowledged. */
  pendingOf(collection: keyof M & string, id: string): number {
    return this.#core.ledger.find(collection, id)?.pending.length ?? 0
  }

  /** Calls back on an event; returns what ends it. */
  on<K extends keyof SyncEvents>(event: K, listener: (event: SyncEvents[K]) => void): () => void {
    checkFunction('The listener', listener)
    return this.#core.emitter.on(event, listener)
  }

  /** Stops, waits for what is being written, and closes the store. */
  async close(): Promise<void> {
    if (this.#core.isClosed) return
    await this.#shut()
    await this.#core.store.close()
  }

  /** Removes this space from the device. Refuses while work is pending: `pending_work`. */
  async destroy(options: { readonly discardPending?: boolean | undefined } = {}): Promise<void> {
    if (this.#core.isClosed) throw closedError()
    const { outbox, rejected } = this.#core.ledger
    if (!options.discardPending && outbox.operationCount + rejected.size > 0) {
      throw new SyncError(
        'pending_work',
        `${outbox.operationCount} operations are not on the server, ${rejected.size} were refused.`,
        {
          fix: 'Sync first, or pass { discardPending: true } to lose them.',
        },
      )
    }
    // From here on every write is refused: it would go with the store.
    this.#core.isClosing = true
    await this.#shut()
    try {
      await this.#core.store.destroy()
    } catch (error) {
      // Another opening has it: this one is closed all the same, and gives its slot back.
      await this.#core.store.close()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #shut(): Promise<void> {
    this.#loop.stop()
    // What is being written gets on disk first; a store that fails has told its writers.
    await this.#core.commit().catch(() => {})
    await this.#loop.idle()
    this.#core.isClosed = true
    this.#endWatch()
    this.#loop.stop()
    await this.#loop.idle()
    if (this.#core.ledger.isLeader) this.#core.ledger.setLead(undefined)
    this.#core.ledger.unstored.includeNotes()
    // What was written meanwhile.
    await this.#core.committer.flush().catch(() => {})
    await this.#transport?.close()
    for (const { outcome } of this.#core.ledger.outbox.items()) outcome.settle(closedError())
  }

  #tellStatus(): void {
    const status = this.status
    const text = JSON.stringify(status)
    if (text === this.#lastStatus) return
    this.#lastStatus = text
    this.#core.emitter.emit('status_changed', status)
  }
}
