import type {
  Page,
  PullRequest,
  SubscribeRequest,
  Subscription,
  SubscriptionListener,
  Transport,
} from '@whisker/protocol'
import { LongPoll, type PollOptions, positionAfter } from './long-poll.ts'

export interface FeedOptions extends PollOptions {
  /** Called before the subscriber is told. */
  readonly onConnected: (isConnected: boolean) => void
}

/** One subscription, over whichever transport is used. What the one before still tells is not heard. */
export class Feed implements Subscription {
  isConnected = false
  readonly #listener: SubscriptionListener
  readonly #options: FeedOptions
  #position: SubscribeRequest
  #source: Subscription | undefined
  /** Counts the transports that were used; one more when it is over. */
  #turn = 0

  constructor(request: SubscribeRequest, listener: SubscriptionListener, options: FeedOptions) {
    this.#position = request
    this.#listener = listener
    this.#options = options
  }

  get show(): Subscription['show'] {
    const source = this.#source
    return source?.show && ((value) => source.show?.(value))
  }

  use(transport: Transport): void {
    this.close()
    const turn = this.#turn
    if (this.isConnected) this.#connected(false)
    // Who was told may have ended it.
    if (turn !== this.#turn) return
    const listener: SubscriptionListener = {
      changed: (frame) => turn === this.#turn && this.#listener.changed(frame),
      connected: (isConnected) => turn === this.#turn && this.#connected(isConnected),
      present: (members) => turn === this.#turn && this.#listener.present?.(members),
    }
    this.#source = transport.subscribe
      ? transport.subscribe(this.#position, listener)
      : new LongPoll(transport, this.#position, listener, this.#options)
  }

  /** Somebody has pulled, and has everything now. */
  pulled(request: PullRequest, page: Page): void {
    const { space, device } = this.#position
    if (request.space !== space || request.device.id !== device.id) return
    this.#position = positionAfter(request, page)
    if (this.#source instanceof LongPoll) this.#source.moveTo(this.#position)
  }

  pushed(space: string): void {
    if (space === this.#position.space && this.#source instanceof LongPoll) this.#source.pushed()
  }

  close(): void {
    this.#turn++
    this.#source?.close()
    this.#source = undefined
  }

  #connected(isConnected: boolean): void {
    this.isConnected = isConnected
    this.#options.onConnected(isConnected)
    this.#listener.connected(isConnected)
  }
}
