import {
  type Clock,
  type Page,
  type PullRequest,
  type PushRequest,
  type Random,
  type Receipt,
  type RequestOptions,
  type SubscribeRequest,
  type Subscription,
  type SubscriptionListener,
  SyncError,
  type Transport,
  isSyncError,
  systemClock,
  systemRandom,
} from '@whisker/protocol'
import { checkFallback } from '../check-options.ts'
import { isOffline } from '../sync/refusals.ts'
import { type WakeSource, platformWakes } from '@whisker/protocol/transport'
import { Feed } from './feed.ts'

export interface FallbackOptions {
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** What tells that the first may be had again. Default: the browser's events for online and visible. */
  readonly wakes?: WakeSource | undefined
}

/**
 * One way to the server out of two: the first, which is live, and the second where the first cannot be had, as behind a
 * proxy that refuses sockets. The second is held to be one of requests, and polled for what changes. The first is tried again
 * after 30 seconds, ever more rarely up to 10 minutes, and when the platform wakes. What is no transport is `invalid_options`.
 */
export function withFallback(first: Transport, second: Transport, options: FallbackOptions = {}): Transport {
  checkFallback(first, second, options)
  return new Fallback(first, second, options)
}

/** For how long the first may be without a connection and without an answer. */
const PATIENCE_MS = 10_000
const FIRST_CLIMB_MS = 30_000
const MOST_CLIMB_MS = 600_000

class Fallback implements Transport {
  readonly #first: Transport
  readonly #second: Transport
  readonly #clock: Clock
  readonly #random: Random
  readonly #wakes: WakeSource
  readonly #feeds: Set<Feed> = new Set()
  #isOnFirst = true
  /** Whether the first has answered or connected since it is used. */
  #wasHad = false
  /** And since that was last in doubt. */
  #isHad = false
  #isClosed = false
  /** How often in a row the first could not be had. */
  #misses = 0
  #isProbing = false
  /** Ends what is asked of the first when it is given up: it may never be answered. */
  #stint = new AbortController()
  #cancelTimer: (() => void) | undefined
  #endWakes: () => void = () => {}

  constructor(first: Transport, second: Transport, options: FallbackOptions) {
    this.#first = first
    this.#second = second
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? systemRandom
    this.#wakes = options.wakes ?? platformWakes
  }

  version: Transport['version'] = (space, options) => this.#ask(options, (via, given) => via.version(space, given))

  async pull(request: PullRequest, options?: RequestOptions): Promise<Page> {
    const page = await this.#ask(options, (via, given) => via.pull(request, given))
    if (!page.more) for (const feed of this.#feeds) feed.pulled(request, page)
    return page
  }

  async push(request: PushRequest, options?: RequestOptions): Promise<Receipt> {
    const receipt = await this.#ask(options, (via, given) => via.push(request, given))
    for (const feed of this.#feeds) feed.pushed(request.space)
    return receipt
  }

  async isAvailable(options?: RequestOptions): Promise<boolean> {
    const ways = this.#isOnFirst ? [this.#first, this.#second] : [this.#second, this.#first]
    for (const way of ways) if (await way.isAvailable(options)) return true
    return false
  }

  subscribe(request: SubscribeRequest, listener: SubscriptionListener): Subscription {
    const feed = new Feed(request, listener, {
      clock: this.#clock,
      random: this.#random,
      onConnected: (isConnected) => {
        if (!this.#isOnFirst) return
        if (isConnected) this.#had()
        else this.#doubt()
      },
    })
    this.#feeds.add(feed)
    feed.use(this.#isOnFirst ? this.#first : this.#second)
    if (this.#isOnFirst) this.#doubt()
    return {
      get show() {
        return feed.show
      },
      close: () => {
        this.#feeds.delete(feed)
        feed.close()
      },
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#unplan()
    this.#endWakes()
    for (const feed of this.#feeds) feed.close()
    this.#feeds.clear()
    await Promise.all([this.#first.close(), this.#second.close()])
  }

  /** A request ends on the transport on which it began, and is not repeated here: whoever made it does that. */
  async #ask<T>(
    options: RequestOptions = {},
    call: (via: Transport, options: RequestOptions) => Promise<T>,
  ): Promise<T> {
    if (!this.#isOnFirst) return call(this.#second, options)
    const { signal } = this.#stint
    const signals = options.signal ? [signal, options.signal] : [signal]
    try {
      const answer = await call(this.#first, { ...options, signal: AbortSignal.any(signals) })
      if (!signal.aborted) this.#had()
      return answer
    } catch (thrown) {
      if (!isSyncError(thrown)) throw thrown
      if (signal.aborted) throw thrown.code === 'aborted' && !options.signal?.aborted ? givenUpError() : thrown
      if (isOffline(thrown.code)) this.#missed()
      else if (thrown.details['refusal']) this.#had()
      throw thrown
    }
  }

  /** A refusal, too, is an answer. */
  #had(): void {
    this.#wasHad = true
    this.#isHad = true
    this.#misses = 0
    this.#unplan()
  }

  #missed(): void {
    if (this.#isClosed) return
    if (this.#wasHad) this.#doubt()
    else this.#fall()
  }

  #doubt(): void {
    this.#isHad = false
    if (!this.#cancelTimer) this.#plan(PATIENCE_MS, () => this.#judge())
  }

  #judge(): void {
    if (!this.#isHad && ![...this.#feeds].some(({ isConnected }) => isConnected)) this.#fall()
  }

  #fall(): void {
    this.#isOnFirst = false
    this.#stint.abort()
    this.#stint = new AbortController()
    this.#endWakes = this.#wakes(() => {
      this.#misses = 0
      void this.#climb()
    })
    this.#planClimb()
    for (const feed of this.#feeds) feed.use(this.#second)
  }

  #planClimb(): void {
    const window = Math.min(MOST_CLIMB_MS, FIRST_CLIMB_MS * 2 ** this.#misses)
    this.#misses++
    this.#plan(window * (0.75 + this.#random.fraction() / 2), () => void this.#climb())
  }

  async #climb(): Promise<void> {
    if (this.#isProbing) return
    this.#unplan()
    this.#isProbing = true
    const isThere = await this.#first.isAvailable()
    this.#isProbing = false
    if (this.#isClosed) return
    if (!isThere) return this.#planClimb()
    this.#isOnFirst = true
    this.#wasHad = false
    this.#endWakes()
    this.#doubt()
    for (const feed of this.#feeds) feed.use(this.#first)
  }

  #plan(ms: number, task: () => void): void {
    this.#unplan()
    this.#cancelTimer = this.#clock.after(ms, () => {
      this.#cancelTimer = undefined
      task()
    })
  }

  #unplan(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }
}

const givenUpError = (): SyncError =>
  new SyncError('network', 'There was no connection, and another way to the server is used from now on.', {
    fix: 'Nothing is to be done: the engine asks again there.',
  })
