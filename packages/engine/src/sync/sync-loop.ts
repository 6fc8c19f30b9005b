import { type SyncError, type Transport, toSyncError } from '@whisker/protocol'
import { type Core, closedError } from '../core.ts'
import type { SyncResult, SyncStatus } from '../events.ts'
import type { LastRound } from '../ledger/records.ts'
import { attemptRound } from './attempt.ts'
import { retryDelay } from '@whisker/protocol/transport'
import { takeFrames } from './frames.ts'
import { factsOf, resultOf, wasDeposed, wasStopped } from './last-round.ts'
import { takeLead } from './lead.ts'
import { LiveFeed } from './live-feed.ts'
import type { SyncLoopOptions } from './loop-options.ts'
import { isOffline, reactionTo, retryAfterOf } from './refusals.ts'
import { noTransportError, stoppedError } from './stopped.ts'
import { FOLLOW_MS, LIVE_MS, LONGEST_TIMER_MS, LONGEST_WAIT_MS } from './timing.ts'
import { Waiters } from './waiters.ts'

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
  /** When the server last took something, or could first be asked to. */
  progressAt = 0
  /** Whether another opening of the store talks to the server, in place of this one. */
  isFollowing = false
  readonly #core: Core
  readonly #options: SyncLoopOptions
  #running: Promise<void> | undefined
  #again = false
  #isWoken = false
  /** How the last round ended could not be stored. */
  #isUntold = false
  #rounds = 0
  #abort = new AbortController()
  #cancelTimer: () => void = () => {}
  /** How long after it was planned the next round begins. */
  #plannedMs: number | undefined
  #endWakes: () => void = () => {}
  readonly #feed: LiveFeed
  readonly #waiters: Waiters = new Waiters()
  /** How often other openings had asked for a round, when last looked. */
  #asked = 0
  #isAsked = false
  /** Another opening has asked at this revision of the store, and waits to be told how a later round ends. */
  #awaitedAt: number | undefined
  #outboxSize = 0
  #toldRound: LastRound | undefined

  constructor(core: Core, options: SyncLoopOptions) {
    this.#core = core
    this.#options = options
    this.#feed = new LiveFeed(core, options.transport, options.presence, {
      connected: (isConnected) => this.#onConnected(isConnected),
      frames: () => this.#takeFrames(),
      hint: () => this.#onHint(),
    })
    core.onLocalWrite = () => this.#onLocalWrite()
    core.onOthersWrote = () => this.#onOthersWrote()
  }

  /** Whether the opening that talks to the server is told of changes as they happen. */
  get isLive(): boolean {
    return this.isFollowing ? (this.#core.ledger.lastRound?.isLive ?? false) : this.#feed.isConnected
  }

  get isCutOff(): boolean {
    return this.#feed.isCutOff
  }

  start(): void {
    if (this.isStarted || !this.#options.transport) return
    this.isStarted = true
    this.progressAt = this.#core.options.clock.now()
    this.#endWakes = this.#options.wakes(() => this.#wakeUp())
    this.#core.onChange()
    this.#wake()
  }

  /** Ends the running round and plans no other. */
  stop(): void {
    this.#abort.abort()
    this.#abort = new AbortController()
    if (!this.isStarted && !this.#running) this.#waiters.rejectAll(stoppedError())
    if (!this.isStarted) return
    this.isStarted = false
    this.#unplan()
    this.#endWakes()
    this.#feed.unsubscribe()
    this.nextRetryAt = undefined
    this.#waiters.rejectAll(stoppedError())
    if (!this.#running) void this.#resign()
    this.#core.onChange()
  }

  /** One round now, or the end of the one that runs and another after it. Never rejects. */
  async syncNow(): Promise<SyncResult> {
    if (this.#core.isClosed) return { ok: false, error: closedError() }
    if (!this.#options.transport) return { ok: false, error: noTransportError() }
    const promise = this.#waiters.next(this.#rounds)
    // A waiter that another opening is to serve goes on waiting; the next turn may be this one's own.
    while (this.#running) await this.#running
    await this.#run()
    return promise
  }

  /** Resolves once the outbox is empty and the cursor stood at the head in a round that began after this call. */
  async synced(signal?: AbortSignal): Promise<void> {
    if (this.#core.isClosed) throw closedError()
    if (!this.#options.transport) throw noTransportError()
    if (!this.isStarted) throw stoppedError()
    if (this.lastError?.code === 'needs_auth') throw this.lastError
    const promise = this.#waiters.synced(this.#rounds, () => this.#core.ledger.outbox.size === 0, signal)
    this.#soon(0)
    await promise
  }

  /** Resolves when no round runs. */
  async idle(): Promise<void> {
    await this.#running
  }

  #onConnected(isConnected: boolean): void {
    if (isConnected) this.#wakeUp()
    else if (!this.#running) this.#plan()
    this.#core.onChange()
  }

  #onHint(): void {
    // A planned retry pulls, too, and a hint says nothing of what made the last try fail; but pulling did not.
    if (this.lastError && reactionTo(this.lastError).kind === 'stop_pushing') this.#wakeUp()
    else if (this.nextRetryAt === undefined) this.#wake()
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
    // A round that was planned as soon stays: edits that never pause would put it off for ever. How much of its time
    // is over nobody can tell, for clocks jump.
    if (this.#plannedMs !== undefined && this.#plannedMs <= delayMs) return
    this.#cancelTimer()
    this.#plannedMs = delayMs
    this.#cancelTimer = this.#core.options.clock.after(Math.min(delayMs, LONGEST_TIMER_MS), () => {
      this.#plannedMs = undefined
      if (this.#running) this.#again = true
      else if (this.isStarted || this.#waiters.size > 0) void this.#run()
    })
  }

  #unplan(): void {
    this.#cancelTimer()
    this.#plannedMs = undefined
  }

  #run(): Promise<void> {
    this.#unplan()
    this.#running ??= this.#turn().finally(() => this.#ended())
    return this.#running
  }

  /** Frames are taken while no round runs: what a round asks for depends on where the cursor stands. */
  #takeFrames(): void {
    if (this.#running || !this.#feed.hasFrames) return
    this.#running = this.#adoptFrames().finally(() => this.#ended())
  }

  #ended(): void {
    this.#running = undefined
    this.#plan()
    this.#takeFrames()
  }

  async #adoptFrames(): Promise<void> {
    // What arrives at once is taken at once.
    await Promise.resolve()
    try {
      if (await takeFrames(this.#core, this.#feed)) this.#onHint()
    } catch (thrown) {
      const error = toSyncError(thrown, 'store_failed')
      if (error.code === 'store_moved') this.#onHint()
      else this.#fail(error)
    }
    if (!this.isStarted) await this.#resign()
  }

  /** A round of its own, if this opening leads; else whoever leads is asked for those who wait. */
  async #turn(): Promise<void> {
    const { signal } = this.#abort
    try {
      this.isFollowing = !(await takeLead(this.#core)) && !(await this.#ask())
      if (this.isFollowing) this.#follow()
      else if (this.isStarted) this.#feed.subscribe(this.lastError === undefined)
    } catch (thrown) {
      this.isFollowing = false
      const error = toSyncError(thrown, 'store_failed')
      this.#fail(error)
      this.#waiters.tell({ ok: false, error }, () => true)
      if (!this.isStarted) await this.#resign()
      return
    }
    if (this.isFollowing) {
      if (signal.aborted && !this.isStarted) this.#waiters.rejectAll(stoppedError())
      return
    }
    do {
      this.#isAsked = false
      await this.#round()
    } while (this.#isAsked && !this.isStarted && !signal.aborted)
    if (!this.isStarted) await this.#resign()
  }

  /** Something failed outside of a round. */
  #fail(error: SyncError): void {
    this.#endRound({ ok: false, error })
    // Should this opening follow from here on, what the leader tells counts again.
    this.#toldRound = undefined
    this.#core.emitter.emit('sync_failed', { error, nextRetryAt: this.nextRetryAt })
    this.#core.onChange()
  }

  /** Nobody plans another round here: whoever is started may lead. */
  async #resign(): Promise<void> {
    await this.#core.store.resign().catch(() => {})
  }

  /** Asks whoever leads for a round, for those who wait. Returns whether this opening leads by then. */
  async #ask(): Promise<boolean> {
    const { unasked } = this.#waiters
    if (unasked.length === 0) return false
    const { ledger, committer } = this.#core
    ledger.setSlot({ asked: ledger.slot.asked + 1 })
    await this.#core.commit()
    for (const waiter of unasked) waiter.askedAt = committer.revision
    return takeLead(this.#core)
  }

  /** Another opening leads: it serves those who wait, and how it fares counts. */
  #giveWay(): void {
    this.isFollowing = true
    this.#toldRound = undefined
    this.#follow()
    this.#core.onChange()
  }

  #follow(): void {
    this.#feed.unsubscribe()
    // What failed here is over; how the leader fares is told by its last round.
    if (!this.#core.ledger.lastRound) this.lastError = undefined
    this.attempt = 0
    this.nextRetryAt = undefined
    this.#onOthersWrote()
  }

  /** What other openings of the store have done: something to send, a round to tell of, a question. */
  #onOthersWrote(): void {
    const { ledger, committer } = this.#core
    const asked = [...ledger.slots].reduce((sum, [, slot]) => sum + slot.asked, 0)
    const isAsked = asked !== this.#asked
    this.#asked = asked
    if (!this.isFollowing) {
      this.#isAsked ||= isAsked
      if (isAsked) this.#awaitedAt = committer.revision
      if (isAsked) this.#wake()
      else if (ledger.outbox.size > 0) this.#onLocalWrite()
      return
    }
    if (ledger.outbox.size < this.#outboxSize) this.progressAt = this.#core.options.clock.now()
    this.#outboxSize = ledger.outbox.size
    const round = ledger.lastRound
    if (!round || round === this.#toldRound) return
    this.#toldRound = round
    const result = resultOf(round)
    if (!result.ok && isOffline(result.error.code)) this.progressAt = this.#core.options.clock.now()
    this.lastError = result.ok ? undefined : result.error
    this.attempt = round.attempt
    this.nextRetryAt = round.nextRetryAt
    this.#waiters.tell(result, ({ askedAt = Infinity }) => askedAt <= round.revision)
    // That round was not enough for them: something was written while it ran.
    this.#waiters.askAgain(round.revision)
    if (this.#waiters.unasked.length > 0) this.#soon(this.#options.debounceMs)
    this.#core.onChange()
  }

  async #round(): Promise<void> {
    const { clock } = this.#core.options
    const startedAt = clock.now()
    const round = ++this.#rounds
    this.#again = false
    this.#isWoken = false
    this.#isUntold = false
    this.isSyncing = true
    this.nextRetryAt = undefined
    if (this.isCutOff || (this.lastError && isOffline(this.lastError.code))) this.progressAt = startedAt
    const { connection } = this.#feed
    this.#core.emitter.emit('sync_started', { at: startedAt })
    this.#core.onChange()
    const { result, revision } = await attemptRound({
      core: this.#core,
      transport: this.#options.transport as Transport,
      signal: this.#abort.signal,
      tellProgress: (phase, done, total) => this.#tellProgress(phase, done, total),
    })
    if (result.ok) {
      this.lastError = undefined
      this.#feed.caughtUp(connection)
    }
    this.isSyncing = false
    this.push = undefined
    this.pull = undefined
    const { ledger, committer } = this.#core
    if (wasDeposed(result, ledger)) return this.#giveWay()
    this.#endRound(result)
    const lastDurationMs = clock.now() - startedAt
    ledger.count({ lastDurationMs: lastDurationMs - ledger.statistics.lastDurationMs })
    const { attempt, nextRetryAt, isLive } = this
    const facts = factsOf(result, lastDurationMs)
    // Whoever waits for a round that was stopped waits for the next leader's.
    if (!wasStopped(result)) {
      ledger.setLastRound({ revision, attempt, nextRetryAt, isLive, ...facts }, this.#awaitedAt !== undefined)
      if (revision >= (this.#awaitedAt ?? 0)) this.#awaitedAt = undefined
    }
    // Not worth a failed round; but whoever follows is to be told, by the next one.
    await committer.flush().catch(() => {
      this.#isUntold = true
    })
    if (result.ok) this.#core.emitter.emit('sync_completed', result)
    else if (!wasStopped(result)) {
      this.#core.emitter.emit('sync_failed', { error: result.error, nextRetryAt: this.nextRetryAt })
    }
    this.#waiters.tell(result, ({ afterRound }) => afterRound < round)
    this.#core.onChange()
  }

  #tellProgress(phase: 'push' | 'pull', done: number, total: number): void {
    if (phase === 'push' && done > (this.push?.done ?? 0)) this.progressAt = this.#core.options.clock.now()
    this[phase] = { done, total }
    this.#core.emitter.emit('sync_progress', { phase, done, total })
    this.#core.onChange()
  }

  /** Counts how a round went, and from a failure when the next is due. */
  #endRound(result: SyncResult): void {
    const { ledger, options } = this.#core
    if (result.ok) {
      this.attempt = 0
      ledger.count({ syncs: 1 })
    } else if (!wasStopped(result)) {
      this.attempt++
      this.lastError = result.error
      ledger.count({ errors: 1 })
      if (!this.isStarted) return
      const delay = retryDelay(this.attempt, result.error.code, retryAfterOf(result.error), options.random)
      this.nextRetryAt = Math.round(options.clock.now() + delay)
    }
  }

  #plan(): void {
    if (!this.isStarted && !(this.isFollowing && this.#waiters.size > 0)) return
    const { ledger, options } = this.#core
    if (this.isFollowing) {
      this.#soon(this.#waiters.unasked.length > 0 ? 0 : FOLLOW_MS)
    } else if (this.#isWoken) {
      this.#soon(0)
    } else if (this.nextRetryAt !== undefined) {
      // No clock that jumps may put the next try off.
      this.#soon(Math.min(LONGEST_WAIT_MS, Math.max(0, this.nextRetryAt - options.clock.now())))
    } else if (this.#again || ledger.outbox.size > 0 || this.#waiters.size > 0) {
      this.#soon(this.isLive ? 0 : this.#options.debounceMs)
    } else if (this.#options.pollMs < Infinity) {
      this.#soon(this.isLive && !this.#isUntold ? Math.max(LIVE_MS, this.#options.pollMs) : this.#options.pollMs)
    }
  }
}
