import { memoryState } from '@whisker/engine'
import {
  type DeviceId,
  type SpaceStore,
  type StateStore,
  type StoreCommit,
  type StoredSpace,
  SyncError,
  decodeStoredEntry,
  isVoid,
  parseJson,
} from '@whisker/protocol'
import type { SeededRandom } from '../random.ts'
import type { Faults } from './faults.ts'
import { Leads } from './leads.ts'
import type { Process } from './process.ts'

export interface DiskOptions {
  readonly faults: Faults
  readonly random: SeededRandom
  /** Told of each commit when it is on disk. */
  readonly onCommit: (disk: Disk, space: string, commit: StoreCommit) => void
}

/** What a disk held of a space. */
export interface StoredCopy {
  readonly device: DeviceId
  readonly stored: StoredSpace
}

/** The store of one device, which its processes share. What was not committed when they end is lost. */
export class Disk {
  /** How many commits are between their beginning and the disk. */
  inFlight = 0
  readonly #leads = new Map<string, Leads>()
  readonly #options: DiskOptions
  /** The rows of the outbox, by their position. */
  readonly #outbox = new Map<number, string>()
  #inner: StateStore = memoryState()

  constructor(options: DiskOptions) {
    this.#options = options
  }

  /** How many operations it holds that the server has not acknowledged. */
  get pending(): number {
    const entries = [...this.#outbox.values()].map((text) => decodeStoredEntry(parseJson(text), 'outbox'))
    return entries.filter((entry) => !isVoid(entry)).length
  }

  /** Who leads a space. */
  leads(space: string): Leads {
    let leads = this.#leads.get(space)
    if (!leads) this.#leads.set(space, (leads = new Leads(this.#options.faults)))
    return leads
  }

  /** The store as one process sees it. Everything takes time, and the process may end before it is over. */
  state(process: Process): StateStore {
    return {
      open: async (space, mintDevice) => {
        await process.pause(this.#latencyMs())
        const store = await this.#inner.open(space, mintDevice)
        if (!process.isAlive) await store.close()
        process.onEnd(() => this.#release(store, space))
        return this.#opened(store, space, process)
      },
    }
  }

  #opened(store: SpaceStore, space: string, process: Process): SpaceStore {
    const leads = this.leads(space)
    // One notice for all watches of an opening; a watch that was ended meanwhile does not hear of it.
    const listeners = new Set<() => void>()
    store.watch(() => process.after(this.#latencyMs(), () => listeners.forEach((listener) => listener())))
    let last: Promise<unknown> = Promise.resolve()
    const inOrder = async (work: () => Promise<void>): Promise<void> => {
      const mine = last.then(work)
      last = mine.catch(() => undefined)
      return mine
    }
    const later = async <T>(work: () => Promise<T>): Promise<T> => {
      await process.pause(this.#latencyMs())
      const result = await work()
      await process.pause(this.#latencyMs())
      return result
    }
    const release = async (work: () => Promise<void>): Promise<void> => {
      listeners.clear()
      await later(work)
      leads.release(store)
    }
    return {
      device: store.device,
      slot: store.slot,
      load: async () => later(async () => store.load()),
      changes: async (since) => later(async () => store.changes(since)),
      commit: async (commit) => inOrder(async () => this.#commit(store, space, process, commit)),
      watch: (listener) => {
        const own = (): void => listener()
        listeners.add(own)
        return () => listeners.delete(own)
      },
      lead: async () => later(async () => leads.ask(store, process)),
      resign: async () =>
        later(async () => {
          await store.resign()
          leads.release(store)
        }),
      close: async () => release(async () => store.close()),
      destroy: async () =>
        release(async () => {
          await store.destroy()
          this.#outbox.clear()
        }),
    }
  }

  async #commit(store: SpaceStore, space: string, process: Process, commit: StoreCommit): Promise<void> {
    const { faults, onCommit } = this.#options
    // What a process that has ended had asked for never begins.
    if (!process.isAlive) return process.pause(0)
    this.inFlight++
    const settle = process.onEnd(() => this.inFlight--)
    await process.pause(this.#latencyMs())
    if (this.leads(space).has(store) && faults.strikes('lead_lost')) {
      faults.took('lead_lost')
      process.end()
      return process.pause(0)
    }
    const failure = this.#failure()
    if (failure?.code === 'store_failed') await process.pause(5000)
    settle()
    this.inFlight--
    if (failure) throw failure
    await store.commit(commit)
    this.#note(commit)
    onCommit(this, space, commit)
    if (faults.strikes('late_crash')) {
      faults.took('late_crash')
      process.end()
    }
    await process.pause(this.#latencyMs())
  }

  #note({ outbox }: StoreCommit): void {
    for (const [position, text] of outbox) {
      if (text === undefined) this.#outbox.delete(position)
      else this.#outbox.set(position, text)
    }
  }

  #failure(): SyncError | undefined {
    const { faults } = this.#options
    if (faults.strikes('disk_full')) {
      faults.took('disk_full')
      return new SyncError('disk_full', 'There is no room on the disk.', { fix: 'Make room.' })
    }
    if (faults.strikes('disk_error')) {
      faults.took('disk_error')
      return new SyncError('disk_full', 'The disk could not be written.', { fix: 'Look at the disk.' })
    }
    if (faults.strikes('disk_busy')) {
      faults.took('disk_busy')
      return new SyncError('store_failed', 'The store is locked by somebody else.', { fix: 'Try again.' })
    }
    return undefined
  }

  #latencyMs(): number {
    return this.#options.random.chance(0.05) ? this.#options.random.below(200) : this.#options.random.below(3)
  }

  #release(store: SpaceStore, space: string): void {
    this.leads(space).release(store)
    // The system takes back what a process held: its slot, its locks.
    void store.close()
  }

  /** What is stored of a space; undefined if nothing ever was. */
  async load(space: string): Promise<StoredCopy | undefined> {
    const store = await this.#inner.open(space, nothingThere).catch(() => undefined)
    if (!store) return undefined
    const stored = await store.load()
    await store.close()
    return { device: store.device, stored }
  }

  /** Becomes a copy of what another disk held. No process may have it open. */
  async restore(space: string, { device, stored }: StoredCopy): Promise<void> {
    this.#inner = memoryState()
    const store = await this.#inner.open(space, () => device)
    const { records, documents, outbox, rejected } = stored
    const commit = { revision: 0, records, documents, outbox, rejected }
    await store.commit(commit)
    this.#outbox.clear()
    this.#note(commit)
    await store.close()
  }

  /** A document's row vanishes without a trace. */
  async lose(space: string, collection: string, document: string): Promise<void> {
    const store = await this.#inner.open(space, nothingThere)
    const { revision } = await store.load()
    await store.commit({
      revision,
      records: [],
      documents: [[collection, document, undefined]],
      outbox: [],
      rejected: [],
    })
    await store.close()
  }
}

const nothingThere = (): never => {
  throw new SyncError('store_failed', 'There is nothing on this disk.')
}
