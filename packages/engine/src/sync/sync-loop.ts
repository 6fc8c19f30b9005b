import { type Subscription, SyncError, type Transport, toSyncError } from '@whisker/protocol'
import { type Core, closedError } from '../core.ts'
import type { SyncResult, SyncStatus } from '../events.ts'
import { retryDelay } from './backoff.ts'
import { isOffline, retryAfterOf } from './refusals.ts'
import { runRound } from './run-round.ts'
import type { WakeSource } from './wake.ts'

export interface SyncLoopOptions {
  readonly transport: Transport | undefined
  /** Between rounds when nothing asks for one, on a transport that does not tell of changes. */
  readonly pollMs: number
  /** From an edit to the round that sends it, on such a transport: edits that follow at once travel along. */
  readonly debounceMs: number
  readonly wakes: WakeSource
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: SyncError) => void
  readonly afterRound: number
}

/**
 * When to sync: one round at a time, another if something happened meanwhile, again after a failure for as
 * long as it takes. Every way out of a round arms the next one.
 */
export class SyncLoop {
  isStarted = false
  attempt = 0
  nextRetryAt: number | undefined
  lastError: SyncError | undefined
  push: SyncStatus['push']
  pull: SyncStatus['pull']
  isSyncing = false
  isLive = false
  /** When the server last took something, or could first be asked to. */
  progressAt = 0
  readonly #core: Core
  readonly #options: SyncLoopOptions
  #running: Promise<SyncResult> | undefined
  #again = false
  #isWoken = false
  #rounds = 0
  #abort = new AbortController()
  #cancelTimer: () => void = () => {}
  /** When the planned round begins. */
  #dueAt: number | undefined
  #endWakes: () => void = () => {}
  #subscription: Subscription | undefined
  #waiters: Waiter[] = []

  constructor(core: Core, options: SyncLoopOptions) {
    this.#core = core
    this.#options = options
    core.onLocalWrite = () => this.#onLocalWrite()
  }

  start(): void {
    if (this.isStarted || !this.#options.transport) return
    this.isStarted = true
    this.progressAt = this.#core.options.clock.now()
    this.#endWakes = this.#options.wakes(() => this.#wakeUp())
    this.#subscribe(this.#options.transport)
    this.#wake()
  }

  /** Ends the running round and plans no other; everything pending stays. */
  stop(): void {
    this.#abort.abort()
    this.#abort = new AbortController()
    if (!this.isStarted) return
    this.isStarted = false
    this.#unplan()
    this.#endWakes()
    this.#subscription?.close()
    this.#subscription = undefined
    this.isLive = false
    this.nextRetryAt = undefined
    this.#rejectWaiters(stoppedError())
    this.#core.onChange()
  }

  /** One round now, or the end of the one that runs and another after it. Never rejects. */
  async syncNow(): Promise<SyncResult> {
    if (this.#core.isClosed) return { ok: false, error: closedError() }
    if (!this.#options.transport) return { ok: false, error: noTransportError() }
    if (this.#running) await this.#running
    if (this.#core.isClosed) return { ok: false, error: closedError() }
    return this.#run()
  }

  /** Resolves once the outbox is empty and the cursor stood at the head in a round that began after this call. */
  async synced(signal?: AbortSignal): Promise<void> {
    if (this.#core.isClosed) throw closedError()
    if (!this.#options.transport) throw noTransportError()
    if (!this.isStarted) throw stoppedError()
    if (signal?.aborted) throw abortedError()
    if (this.lastError?.code === 'needs_auth') throw this.lastError
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        reject(abortedError())
      }
      const settled = (): void => signal?.removeEventListener('abort', onAbort)
      const waiter: Waiter = {
        resolve: () => {
          settled()
          resolve()
        },
        reject: (error) => {
          settled()
          reject(error)
        },
        afterRound: this.#rounds,
      }
      this.#waiters.push(waiter)
      signal?.addEventListener('abort', onAbort)
      this.#soon(0)
    })
  }

  /** Resolves when no round runs. */
  async idle(): Promise<void> {
    await this.#running
  }

  #subscribe(transport: Transport): void {
    const { space } = this.#core.options
    const { cursor, seen } = this.#core.ledger.link
    this.#subscription = transport.subscribe?.(
      { space, cursor, seen },
      {
        changed: () => this.#wake(),
        connected: (isConnected) => {
          this.isLive = isConnected
          if (isConnected) this.#wake()
          this.#core.onChange()
        },
      },
    )
  }

  /** What fails now may have begun before there was a connection: the next try does not wait for its turn. */
  #wakeUp(): void {
    if (this.#running) this.#isWoken = true
    this.#wake()
  }

  #wake(): void {
    if (this.isStarted) this.#soon(0)
  }

  #onLocalWrite(): void {
    // While a retry is planned, an edit waits for it: the way to the server is not better for there being more to send.
    if (!this.isStarted || this.nextRetryAt !== undefined) return
    this.#soon(this.isLive ? 0 : this.#options.debounceMs)
  }

  #soon(delayMs: number): void {
    if (this.#running) {
      this.#again = true
      return
    }
    const { clock } = this.#core.options
    const dueAt = clock.now() + delayMs
    // A round that is planned sooner stays: edits that never pause would put it off for ever.
    if (this.#dueAt !== undefined && this.#dueAt <= dueAt) return
    this.#cancelTimer()
    this.#dueAt = dueAt
    this.#cancelTimer = clock.after(Math.min(delayMs, LONGEST_TIMER_MS), () => {
      this.#dueAt = undefined
      if (this.isStarted && !this.#running) void this.#run()
    })
  }

  #unplan(): void {
    this.#cancelTimer()
    this.#dueAt = undefined
  }

  #run(): Promise<SyncResult> {
    this.#unplan()
    this.#running ??= this.#round().finally(() => {
      this.#running = undefined
      this.#plan()
    })
    return this.#running
  }

  async #round(): Promise<SyncResult> {
    const { clock, random } = this.#core.options
    const startedAt = clock.now()
    const round = ++this.#rounds
    this.#again = false
    this.#isWoken = false
    this.isSyncing = true
    this.nextRetryAt = undefined
    if (this.lastError && isOffline(this.lastError.code)) this.progressAt = startedAt
    this.#core.emitter.emit('sync_started', { at: startedAt })
    this.#core.onChange()
    const result = await this.#tryRound(startedAt)
    this.isSyncing = false
    this.push = undefined
    this.pull = undefined
    const wasStopped = !result.ok && result.error.code === 'aborted'
    if (result.ok) {
      this.attempt = 0
      this.#core.ledger.count({ syncs: 1 })
    } else if (!wasStopped) {
      this.attempt++
      this.lastError = result.error
      this.#core.ledger.count({ errors: 1 })
      if (this.isStarted) {
        const delay = retryDelay(this.attempt, result.error.code, retryAfterOf(result.error), random)
        this.nextRetryAt = Math.round(clock.now() + delay)
      }
    }
    await this.#saveStatistics(clock.now() - startedAt)
    if (result.ok) this.#core.emitter.emit('sync_completed', result)
    else if (!wasStopped) this.#core.emitter.emit('sync_failed', { error: result.error, nextRetryAt: this.nextRetryAt })
    this.#settleWaiters(round, result)
    this.#core.onChange()
    return result
  }

  async #tryRound(startedAt: number): Promise<SyncResult> {
    const { clock } = this.#core.options
    const transport = this.#options.transport as Transport
    try {
      const round = await runRound({
        core: this.#core,
        transport,
        nowMs: () => clock.now(),
        request: {
          signal: this.#abort.signal,
          meter: (direction, bytes) =>
            this.#core.ledger.count(direction === 'sent' ? { bytesSent: bytes } : { bytesReceived: bytes }),
        },
        tellProgress: (phase, done, total) => {
          if (phase === 'push' && done > (this.push?.done ?? 0)) this.progressAt = clock.now()
          this[phase] = { done, total }
          this.#core.emitter.emit('sync_progress', { phase, done, total })
          this.#core.onChange()
        },
      })
      this.lastError = round.blocked
      if (round.blocked) return { ok: false, error: round.blocked }
      return { ok: true, pushed: round.pushed, pulled: round.pulled, durationMs: clock.now() - startedAt }
    } catch (thrown) {
      return { ok: false, error: toSyncError(thrown, 'server_error') }
    }
  }

  /** Statistics are not worth a failed round; a store that fails says so at the next write. */
  async #saveStatistics(durationMs: number): Promise<void> {
    const { ledger, committer } = this.#core
    ledger.count({ lastDurationMs: durationMs - ledger.statistics.lastDurationMs })
    await committer.flush().catch(() => {})
  }

  #plan(): void {
    if (!this.isStarted) return
    const { clock, ledger } = { clock: this.#core.options.clock, ledger: this.#core.ledger }
    if (this.#isWoken) {
      this.#soon(0)
    } else if (this.nextRetryAt !== undefined) {
      // No clock that jumps may put the next try off.
      this.#soon(Math.min(LONGEST_WAIT_MS, Math.max(0, this.nextRetryAt - clock.now())))
    } else if (this.#again || ledger.outbox.size > 0 || this.#waiters.length > 0) {
      this.#soon(this.isLive ? 0 : this.#options.debounceMs)
    } else if (!this.isLive && this.#options.pollMs < Infinity) {
      this.#soon(this.#options.pollMs)
    }
  }

  #settleWaiters(round: number, result: SyncResult): void {
    if (!result.ok && !isOffline(result.error.code) && result.error.code === 'needs_auth') {
      this.#rejectWaiters(result.error)
      return
    }
    if (!result.ok || this.#core.ledger.outbox.size > 0) return
    const done = this.#waiters.filter((waiter) => waiter.afterRound < round)
    this.#waiters = this.#waiters.filter((waiter) => waiter.afterRound >= round)
    for (const waiter of done) waiter.resolve()
  }

  #rejectWaiters(error: SyncError): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter.reject(error)
  }
}

/** What timers can wait for. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** What a server may ask for at most, with its jitter. */
const LONGEST_WAIT_MS = 62_000

const stoppedError = (): SyncError =>
  new SyncError('stopped', 'Syncing is stopped.', { fix: 'Call start(), or syncNow() for a single round.' })

const noTransportError = (): SyncError =>
  new SyncError('no_transport', 'This engine was opened without a transport: it is local only.', {
    fix: 'Pass `transport` to SyncEngine.open.',
  })

const abortedError = (): SyncError => new SyncError('aborted', 'The wait was aborted.')
