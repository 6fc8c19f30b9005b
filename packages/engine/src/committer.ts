import { type Operation, type SpaceStore, SyncError, toSyncError } from '@whisker/protocol'
import { absorb, rebase, returnTo } from './ledger/absorb.ts'
import { coalesce } from './ledger/coalesce.ts'
import type { Ledger } from './ledger/ledger.ts'
import { readLedger, rowsOf } from './ledger/stored.ts'
import { Unstored } from './ledger/unstored.ts'

interface Waiter {
  resolve(): void
  reject(error: SyncError): void
}

/** What the committer tells: memory took in what another opening committed, or became what the store holds. */
export interface CommitterEvents {
  readonly onAbsorbed: () => void
  readonly onReplaced: () => void
  /** What others committed could not be read: it is to be tried again. */
  readonly onBehind: () => void
}

/**
 * Brings the ledger to disk: strictly in order, one transaction at a time; what is written while one runs goes into
 * the next. When another opening of the store was faster, its commits are taken in first. When a commit fails,
 * memory returns to what the store holds, and everything that waited fails with it.
 */
export class Committer {
  /** How many commits have failed: what was written before the last failure is gone. */
  failures = 0
  /** How often memory became what the store holds, because another opening had changed the same. */
  rebases = 0
  /** Of the store, as far as memory follows it. */
  revision: number
  readonly #ledger: Ledger
  readonly #store: SpaceStore
  readonly #events: CommitterEvents
  #failure: SyncError | undefined
  /** Memory holds what a failed commit was to bring to disk. */
  #isAhead = false
  /** Those who wait for memory to follow what other openings have committed. */
  #readers: ((isRead: boolean) => void)[] = []
  /** What the running commit brings to disk: not there as it is now. */
  #flight: Unstored | undefined
  #fresh: Operation[] = []
  #waiters: Waiter[] = []
  #running: Promise<void> | undefined

  constructor(ledger: Ledger, store: SpaceStore, revision: number, events: CommitterEvents) {
    this.#ledger = ledger
    this.#store = store
    this.#events = events
    this.revision = revision
  }

  /** Operations that the next commit brings to disk first. */
  stage(operations: readonly Operation[]): void {
    this.#fresh.push(...operations)
  }

  /** Whether an outbox item is on disk just as it is in memory; only then may it be sent. */
  isStored(position: number): boolean {
    if (this.#isAhead || position > this.#ledger.outbox.storedPosition) return false
    return !this.#flight?.outbox.has(position) && !this.#ledger.unstored.outbox.has(position)
  }

  /** Resolves when everything written so far is on disk; rejects if a commit failed since there were `failures`. */
  async flush(failures: number = this.failures): Promise<void> {
    if (failures !== this.failures && this.#failure) throw this.#failure
    if (this.#ledger.unstored.isEmpty && !this.#running) return
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Takes in what other openings have committed. Resolves to whether it could be read. */
  async catchUp(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#readers.push(resolve)
      this.#running ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    while (this.#waiters.length + this.#readers.length > 0) {
      const [waiters, readers] = [this.#waiters, this.#readers]
      this.#waiters = []
      this.#readers = []
      try {
        const mayFollow = readers.length > 0 && !this.#isAhead
        if (mayFollow) await this.#follow()
        for (const resolve of readers) resolve(mayFollow)
        if (waiters.length > 0) await this.#commit()
        for (const waiter of waiters) waiter.resolve()
      } catch (thrown) {
        for (const resolve of readers) resolve(false)
        const error = toSyncError(thrown, 'store_failed')
        if (waiters.length > 0) await this.#returnToStore(error, waiters)
        else this.#events.onBehind()
      }
    }
    this.#running = undefined
  }

  async #commit(): Promise<void> {
    for (;;) {
      if (this.#isAhead && this.#failure) throw this.#failure
      coalesce(this.#ledger, this.#fresh)
      this.#fresh = []
      if (this.#ledger.unstored.isEmpty || (await this.#tryCommit())) return
      if (!(await this.#follow())) throw movedNowhere()
    }
  }

  /** Returns whether the store took it; if not, another opening has committed meanwhile. */
  async #tryCommit(): Promise<boolean> {
    const ledger = this.#ledger
    const { unstored, storedStatistics } = ledger
    const { lastPosition } = ledger.outbox
    const slot = ledger.slots.get(ledger.slotNumber)
    ledger.storedStatistics = ledger.statistics
    const rows = rowsOf(ledger, unstored)
    ledger.unstored = new Unstored()
    this.#flight = unstored
    try {
      await this.#store.commit({ revision: this.revision, ...rows })
    } catch (thrown) {
      ledger.storedStatistics = storedStatistics
      ledger.unstored.precede(unstored)
      const error = toSyncError(thrown, 'store_failed')
      if (error.code !== 'store_moved') throw error
      return false
    } finally {
      this.#flight = undefined
    }
    this.revision++
    ledger.markStored(lastPosition)
    ledger.storedSlot = slot
    for (const outcome of unstored.acknowledged) outcome.settle()
    return true
  }

  /**
   * Memory takes in what others committed; where that meets what was about to be committed here, the store counts.
   * Returns whether there was anything.
   */
  async #follow(): Promise<boolean> {
    const changes = await this.#store.changes(this.revision)
    if (changes?.revision === this.revision) return false
    if (changes && absorb(this.#ledger, changes)) {
      this.revision = changes.revision
      this.#events.onAbsorbed()
      return true
    }
    const stored = await this.#store.load()
    rebase(this.#ledger, stored)
    this.rebases++
    this.revision = stored.revision
    this.#events.onReplaced()
    return true
  }

  /** Memory becomes what the store holds. While the store cannot even be read, every commit fails and tries again. */
  async #returnToStore(error: SyncError, waiters: readonly Waiter[]): Promise<void> {
    const stored = await this.#read()
    // Nothing is awaited from here on: what was written before is gone, what is written after stays.
    this.failures++
    this.rebases++
    this.#failure = error
    this.#isAhead = stored === undefined
    this.#fresh = []
    // Also those that came while the store was read.
    const failed = [...waiters, ...this.#waiters]
    this.#waiters = []
    if (stored) {
      this.#ledger.noteRollback(stored.ledger.slots.get(this.#ledger.slotNumber))
      returnTo(this.#ledger, stored.ledger)
      this.revision = stored.revision
    }
    this.#events.onReplaced()
    for (const waiter of failed) waiter.reject(error)
  }

  async #read(): Promise<{ readonly ledger: Ledger; readonly revision: number } | undefined> {
    try {
      const stored = await this.#store.load()
      return { ledger: readLedger(stored, this.#ledger.options), revision: stored.revision }
    } catch {
      return undefined
    }
  }
}

const movedNowhere = (): SyncError =>
  new SyncError('store_failed', 'The store refused a commit as late, and then told of no other.', {
    fix: 'Use a store that keeps the contract of @whisker/conformance.',
  })
