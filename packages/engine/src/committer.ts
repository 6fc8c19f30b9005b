import { type Operation, type SpaceStore, type SyncError, toSyncError } from '@whisker/protocol'
import { coalesce } from './ledger/coalesce.ts'
import type { Ledger } from './ledger/ledger.ts'
import { readLedger, takeCommit } from './ledger/stored.ts'

interface Waiter {
  resolve(): void
  reject(error: SyncError): void
}

/**
 * Brings the ledger to disk: strictly in order, one transaction at a time; what is written while one runs
 * goes into the next. When one fails, memory returns to what the store holds, and everything that waited
 * fails with it.
 */
export class Committer {
  /** Outbox items up to this position are on disk. */
  committedPosition: number
  readonly #ledger: Ledger
  readonly #store: SpaceStore
  readonly #onReload: () => void
  /** How many commits have failed: what was written before the last failure is gone. */
  failures = 0
  #revision: number
  #failure: SyncError | undefined
  /** Memory holds what a failed commit was to bring to disk. */
  #isAhead = false
  /** Outbox items that the running commit writes: not on disk as they are now. */
  #flying: ReadonlySet<number> = new Set()
  #fresh: Operation[] = []
  #waiters: Waiter[] = []
  #running: Promise<void> | undefined

  constructor(ledger: Ledger, store: SpaceStore, revision: number, onReload: () => void) {
    this.#ledger = ledger
    this.#store = store
    this.#revision = revision
    this.#onReload = onReload
    this.committedPosition = ledger.lastPosition
  }

  /** Operations that the next commit brings to disk first. */
  stage(operations: readonly Operation[]): void {
    this.#fresh.push(...operations)
  }

  /** Whether an outbox item is on disk just as it is in memory; only then may it be sent. */
  isStored(position: number): boolean {
    if (this.#isAhead || position > this.committedPosition) return false
    return !this.#flying.has(position) && !this.#ledger.dirty.outbox.has(position)
  }

  /** Resolves when everything written so far is on disk; rejects if a commit failed since there were `failures`. */
  async flush(failures: number = this.failures): Promise<void> {
    if (failures !== this.failures && this.#failure) throw this.#failure
    if (!this.#ledger.hasChanges && !this.#running) return
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#running ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    while (this.#waiters.length > 0) {
      const waiters = this.#waiters
      this.#waiters = []
      try {
        await this.#commit()
        for (const waiter of waiters) waiter.resolve()
      } catch (thrown) {
        await this.#returnToStore(toSyncError(thrown, 'store_failed'), waiters)
      }
    }
    this.#running = undefined
  }

  async #commit(): Promise<void> {
    if (this.#isAhead && this.#failure) throw this.#failure
    coalesce(this.#ledger, this.#fresh)
    this.#fresh = []
    if (!this.#ledger.hasChanges) return
    const { acknowledged, lastPosition } = this.#ledger
    this.#ledger.acknowledged = []
    this.#flying = new Set(this.#ledger.dirty.outbox)
    const removed = this.#ledger.takeRemoved()
    try {
      await this.#store.commit(takeCommit(this.#ledger, this.#revision))
    } catch (error) {
      this.#ledger.returnRemoved(removed)
      throw error
    } finally {
      this.#flying = new Set()
    }
    this.#revision++
    this.committedPosition = lastPosition
    for (const outcome of acknowledged) outcome.settle()
  }

  /** Memory becomes what the store holds. While the store cannot even be read, every commit fails and tries again. */
  async #returnToStore(error: SyncError, waiters: readonly Waiter[]): Promise<void> {
    const stored = await this.#read()
    // Nothing is awaited from here on: what was written before is gone, what is written after stays.
    this.failures++
    this.#failure = error
    this.#isAhead = stored === undefined
    this.#fresh = []
    // Also those that came while the store was read.
    const failed = [...waiters, ...this.#waiters]
    this.#waiters = []
    if (stored) {
      this.#ledger.become(stored.ledger)
      this.#revision = stored.revision
      this.committedPosition = this.#ledger.lastPosition
    }
    this.#onReload()
    for (const waiter of failed) waiter.reject(error)
  }

  async #read(): Promise<{ readonly ledger: Ledger; readonly revision: number } | undefined> {
    try {
      const stored = await this.#store.load()
      const ledger = readLedger(stored, this.#ledger.slot.replica, this.#ledger.strategyOf)
      return { ledger, revision: stored.revision }
    } catch {
      return undefined
    }
  }
}
