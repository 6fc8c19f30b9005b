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
  #revision: number
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

  /** Resolves when everything written so far is on disk. */
  async flush(): Promise<void> {
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
        const error = toSyncError(thrown, 'store_failed')
        const failed = [...waiters, ...this.#waiters]
        this.#waiters = []
        await this.#reload()
        for (const waiter of failed) waiter.reject(error)
      }
    }
    this.#running = undefined
  }

  async #commit(): Promise<void> {
    coalesce(this.#ledger, this.#fresh)
    this.#fresh = []
    if (!this.#ledger.hasChanges) return
    const { acknowledged, lastPosition } = this.#ledger
    this.#ledger.acknowledged = []
    await this.#store.commit(takeCommit(this.#ledger, this.#revision))
    this.#revision++
    this.committedPosition = lastPosition
    for (const outcome of acknowledged) outcome.settle()
  }

  /** A store that cannot even be read leaves memory as it is; the next commit fails again and says so. */
  async #reload(): Promise<void> {
    this.#fresh = []
    const { replica } = this.#ledger.slot
    try {
      const stored = await this.#store.load()
      this.#ledger.become(readLedger(stored, replica, this.#ledger.strategyOf))
      this.#revision = stored.revision
      this.committedPosition = this.#ledger.lastPosition
    } catch {
      // The failure that led here is what the writers are told.
    }
    this.#onReload()
  }
}
