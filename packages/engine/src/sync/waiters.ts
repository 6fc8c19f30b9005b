import { SyncError } from '@whisker/protocol'
import type { SyncResult } from '../events.ts'

/** Somebody who waits for a round that began after they asked. */
export interface Waiter {
  /** Own rounds up to this number began before. */
  readonly afterRound: number
  /** Rounds of another opening that began before this revision of the store did not know; undefined until it was asked. */
  askedAt: number | undefined
  /** Told of each round that began after; returns whether that was what it waited for. */
  readonly tell: (result: SyncResult) => boolean
  readonly reject: (error: SyncError) => void
}

export class Waiters {
  #waiters: readonly Waiter[] = []

  get size(): number {
    return this.#waiters.length
  }

  /** How the next round ends. */
  async next(afterRound: number): Promise<SyncResult> {
    return new Promise((resolve) => {
      const tell = (result: SyncResult): boolean => {
        resolve(result)
        return true
      }
      this.#add({ afterRound, askedAt: undefined, tell, reject: (error) => resolve({ ok: false, error }) })
    })
  }

  /** Resolves after the next round that goes well and leaves nothing to send. */
  async synced(afterRound: number, isAllSent: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw abortedError()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const tell = (result: SyncResult): boolean => {
      if (result.ok ? !isAllSent() : result.error.code !== 'needs_auth') return false
      if (result.ok) resolve()
      else reject(result.error)
      return true
    }
    const waiter: Waiter = { afterRound, askedAt: undefined, tell, reject }
    const onAbort = (): void => {
      this.#remove(waiter)
      reject(abortedError())
    }
    this.#add(waiter)
    signal?.addEventListener('abort', onAbort)
    await promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  /** Those whom no other opening was asked for yet. */
  get unasked(): readonly Waiter[] {
    return this.#waiters.filter(({ askedAt }) => askedAt === undefined)
  }

  /** Tells those of a round for whom it began late enough. */
  tell(result: SyncResult, isFor: (waiter: Waiter) => boolean): void {
    for (const waiter of this.#waiters) if (isFor(waiter) && waiter.tell(result)) this.#remove(waiter)
  }

  /** Those for whom a round before this revision was not enough are to be asked for anew. */
  askAgain(revision: number): void {
    for (const waiter of this.#waiters) if ((waiter.askedAt ?? Infinity) <= revision) waiter.askedAt = undefined
  }

  rejectAll(error: SyncError): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter.reject(error)
  }

  #add(waiter: Waiter): void {
    this.#waiters = [...this.#waiters, waiter]
  }

  #remove(waiter: Waiter): void {
    this.#waiters = this.#waiters.filter((other) => other !== waiter)
  }
}

const abortedError = (): SyncError => new SyncError('aborted', 'The wait was aborted.')
