import {
  type Clock,
  type Page,
  type Random,
  type SubscribeRequest,
  type Subscription,
  type SubscriptionListener,
  type Transport,
  toSyncError,
} from '@whisker/protocol'
import { retryDelay } from '@whisker/protocol/transport'
import { retryAfterOf } from '../sync/refusals.ts'

export interface PollOptions {
  readonly clock: Clock
  readonly random: Random
}

/** As long as a server holds an answer at most. */
const WAIT_MS = 25_000
/** After an answer that told nothing: whatever answers at once, instead of waiting, is not asked without end. */
const PAUSE_MS = 1000

/**
 * A subscription over requests: pulls that the server holds until there is something to tell. Each asks for one row. If that
 * is all, it is a frame; else it is a hint, and the next begins where the subscriber's own pull has come to.
 */
export class LongPoll implements Subscription {
  readonly #transport: Transport
  readonly #listener: SubscriptionListener
  readonly #options: PollOptions
  readonly #ending = new AbortController()
  #position: SubscribeRequest
  #endRest: () => void = () => {}

  constructor(transport: Transport, position: SubscribeRequest, listener: SubscriptionListener, options: PollOptions) {
    this.#transport = transport
    this.#position = position
    this.#listener = listener
    this.#options = options
    void this.#run()
  }

  /** The subscriber has pushed, and may have come to the head by that: then no pull follows. */
  pushed(): void {
    this.#endRest()
  }

  /** The subscriber has come there by a pull of its own. */
  moveTo(position: SubscribeRequest): void {
    this.#position = position
    this.#endRest()
  }

  close(): void {
    this.#ending.abort()
    this.#endRest()
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    let isConnected = false
    for (let failures = 0; !signal.aborted;) {
      const position = this.#position
      try {
        // The first answer only tells that there is a way: what else it tells, the pull that follows a connection brings.
        const page = await this.#transport.pull(
          { ...position, limit: 1, waitMs: isConnected ? WAIT_MS : 0 },
          { signal },
        )
        if (signal.aborted) return
        failures = 0
        const isFirst = !isConnected
        isConnected = true
        if (isFirst) this.#listener.connected(true)
        await this.#take(page, position, isFirst)
      } catch (thrown) {
        if (signal.aborted) return
        const error = toSyncError(thrown, 'network')
        if (isConnected) this.#listener.connected(false)
        isConnected = false
        await this.#rest(position, retryDelay(++failures, error.code, retryAfterOf(error), this.#options.random))
      }
    }
  }

  async #take(page: Page, position: SubscribeRequest, isFirst: boolean): Promise<void> {
    const from = position.cursor.since
    const isFrame = !page.more && page.epochs.length === 0
    if (isFrame && page.since <= from) return isFirst ? undefined : this.#rest(position, PAUSE_MS)
    // What is new after a place that the subscriber has left, it knows already or is told of from where it is now.
    if (position !== this.#position) return
    if (isFrame && !isFirst) {
      this.#position = positionAfter(position, page)
      this.#listener.changed({ ...page, from })
      return
    }
    if (!isFirst) this.#listener.changed(undefined)
    // Whoever is told that there is something asks for it. If not, it is told once more.
    await this.#rest(position, WAIT_MS)
  }

  /** Until the time is over, the subscriber has pushed or pulled, or this is closed. */
  async #rest(position: SubscribeRequest, ms: number): Promise<void> {
    if (this.#ending.signal.aborted || position !== this.#position) return
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(ms, resolve)
      this.#endRest = () => {
        cancel()
        resolve()
      }
    })
    this.#endRest = () => {}
  }
}

/** Where a subscriber stands who was there, and has the page. */
export function positionAfter(request: SubscribeRequest, page: Page): SubscribeRequest {
  const { space, device, acknowledged, cursor, seen } = request
  const epoch = page.epochs.at(-1)?.id ?? cursor.epoch
  return {
    space,
    device,
    acknowledged,
    cursor: { epoch, since: page.since, after: page.after },
    seen: Math.max(seen, page.head),
  }
}
