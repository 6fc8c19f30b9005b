import type { SubscribeRequest, Subscription, SubscriptionListener, Transport } from '@whisker/protocol'
import { type Back, type GivenUp, Link, type LinkRequest } from './link.ts'
import { LiveConnection } from './live-connection.ts'

const RECONNECT_MS = 10_000

interface LiveSubscription {
  readonly request: SubscribeRequest
  readonly listener: SubscriptionListener
}

/** The way to the server over a connection that stays, as over a WebSocket: requests, answers and frames, in order. */
export class LiveLink extends Link implements Transport {
  #connection: LiveConnection | undefined
  #subscription: LiveSubscription | undefined
  #cancelRetry: () => void = () => {}

  subscribe(request: SubscribeRequest, listener: SubscriptionListener): Subscription {
    const subscription = { request, listener }
    this.#subscription = subscription
    this.#retryAfter(this.latencyMs())
    return {
      close: () => {
        if (this.#subscription !== subscription) return
        this.#subscription = undefined
        this.#disconnect()
      },
    }
  }

  override async close(): Promise<void> {
    this.#subscription = undefined
    this.#disconnect()
    await super.close()
  }

  /** Requests go over the connection that is open; before and between, each over one of its own. */
  protected override sendUp(request: LinkRequest, back: Back): GivenUp | undefined {
    const connection = this.#connection
    const { space } = this.#subscription?.request ?? {}
    if (!connection?.isWelcome || space === undefined) return super.sendUp(request, back)
    this.meets(connection.process)
    return connection.ask(request, space, back)
  }

  #open(): void {
    const { way, host } = this.options
    const subscription = this.#subscription
    if (!subscription || this.#connection) return
    const accept = way.isCut || way.losesUp || way.losesDown ? undefined : host.door
    if (!accept) return this.#retryAfter(this.#pauseMs())
    const { request, listener } = subscription
    let isConnected = false
    this.#connection = new LiveConnection(accept, request, this.options, {
      begun: () => {
        isConnected = true
        listener.connected(true)
      },
      changed: (frame) => listener.changed(frame),
      refused: () => {
        this.#subscription = undefined
        this.#disconnect()
        listener.connected(false)
      },
      lost: (refusal) => {
        this.#connection = undefined
        if (isConnected) listener.connected(false)
        this.#retryAfter(this.#pauseMs() + (refusal?.retryAfterMs ?? 0))
      },
    })
  }

  #retryAfter(delayMs: number): void {
    this.#cancelRetry()
    if (this.#subscription) this.#cancelRetry = this.options.process.after(delayMs, () => this.#open())
  }

  #pauseMs(): number {
    return this.options.random.below(RECONNECT_MS)
  }

  #disconnect(): void {
    this.#cancelRetry()
    const connection = this.#connection
    this.#connection = undefined
    connection?.end()
  }
}
