import {
  type SubscribeRequest,
  type Subscription,
  type SubscriptionListener,
  type Transport,
  decodeFrame,
  encodePull,
  parseJson,
  utf8Length,
} from '@whisker/protocol'
import type { ServerSubscription } from '@whisker/server'
import type { HostConnection } from './host.ts'
import { Link, type LinkOptions } from './link.ts'

/** When silence means that the other side is gone. */
const DEAD_AFTER_MS = 45_000
const RECONNECT_MS = 10_000

/** The way to the server over a connection that stays, as over a WebSocket: requests, answers and frames, in order. */
export class LiveLink extends Link implements Transport {
  #connection: LiveConnection | undefined
  #subscription: { readonly request: SubscribeRequest; readonly listener: SubscriptionListener } | undefined
  #cancelRetry: () => void = () => {}

  constructor(options: LinkOptions) {
    super(options)
    options.process.onEnd(() => this.#connection?.end())
  }

  subscribe(request: SubscribeRequest, listener: SubscriptionListener): Subscription {
    const subscription = { request, listener }
    this.#subscription = subscription
    this.#connect()
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
  protected override connection(): HostConnection | undefined {
    const open = this.#connection
    if (open?.isOpen && open.host.process.isAlive) return open.host
    return super.connection()
  }

  #connect(): void {
    const { process } = this.options
    this.#cancelRetry()
    process.after(this.latencyMs(), () => this.#open())
  }

  #open(): void {
    const { way, process, principal, host } = this.options
    const subscription = this.#subscription
    if (!subscription || this.#connection) return
    const reached = way.isCut || way.losesUp || way.losesDown ? undefined : host.connect(principal)
    if (!reached) return this.#retry()
    const { request, listener } = subscription
    const connection = new LiveConnection(reached, this.options, {
      frame: (text) => {
        if (this.#connection === connection) listener.changed(decodeFrame(parseJson(text)))
      },
      ended: (isRefused) => {
        if (this.#connection !== connection) return
        this.#connection = undefined
        if (isRefused) this.#subscription = undefined
        listener.connected(false)
        this.#retry()
      },
    })
    this.#connection = connection
    const parameters = JSON.stringify(encodePull({ ...request, limit: 1, waitMs: 0 }))
    if (!connection.subscribe(parameters)) {
      this.#connection = undefined
      return this.#retry()
    }
    process.after(this.latencyMs(), () => {
      if (this.#connection === connection) listener.connected(true)
    })
  }

  #retry(): void {
    const { process, random } = this.options
    if (!this.#subscription) return
    this.#cancelRetry = process.after(random.below(RECONNECT_MS), () => this.#open())
  }

  #disconnect(): void {
    this.#cancelRetry()
    const connection = this.#connection
    this.#connection = undefined
    connection?.end()
  }
}

interface Ends {
  readonly frame: (text: string) => void
  readonly ended: (isRefused: boolean) => void
}

/** One open connection, and what is on its way down: delivered in order, or not at all. */
class LiveConnection {
  isOpen = true
  readonly host: HostConnection
  readonly #options: LinkOptions
  readonly #ends: Ends
  readonly #buffer: string[] = []
  #bufferedBytes = 0
  #isReading = false
  #isHalfOpen = false
  #subscription: ServerSubscription | undefined
  readonly #forget: () => void
  readonly #forgetClient: () => void

  constructor(host: HostConnection, options: LinkOptions, ends: Ends) {
    this.host = host
    this.#options = options
    this.#ends = ends
    this.#forget = host.process.onEnd(() => options.process.after(this.#latencyMs(), () => this.#lost()))
    this.#forgetClient = options.process.onSuspend(() => {
      host.process.after(DEAD_AFTER_MS, () => this.#letGoIfSilent())
    })
  }

  /** The server lets go of who says nothing. They find out when they go on. */
  #letGoIfSilent(): void {
    const { process } = this.#options
    if (!this.isOpen || process.standsStillMs < DEAD_AFTER_MS) return
    this.#subscription?.close()
    process.run(() => this.#lost())
  }

  subscribe(parameters: string): boolean {
    const bufferedBytes = (): number => this.#bufferedBytes
    this.#subscription = this.host.subscribe(parameters, {
      get bufferedBytes() {
        return bufferedBytes()
      },
      send: (text) => this.#send(text),
      end: () => this.#options.process.after(this.#latencyMs(), () => this.#lost(true)),
    })
    return this.#subscription !== undefined
  }

  /** The client lets go. */
  end(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.#forget()
    this.#forgetClient()
    this.#subscription?.close()
  }

  #send(text: string): void {
    if (!this.isOpen) return
    const { faults, process } = this.#options
    this.#buffer.push(text)
    this.#bufferedBytes += utf8Length(text)
    if (!this.#isHalfOpen && faults.strikes('half_open')) {
      this.#isHalfOpen = true
      process.after(DEAD_AFTER_MS, () => {
        if (this.isOpen && this.#buffer.length > 0) faults.took('half_open')
        this.#lost()
      })
    }
    this.#read()
  }

  #read(): void {
    const { faults, process, way } = this.#options
    if (this.#isReading || this.#isHalfOpen || this.#buffer.length === 0) return
    if (way.isCut || way.losesDown) {
      this.#isHalfOpen = true
      process.after(DEAD_AFTER_MS, () => this.#lost())
      return
    }
    this.#isReading = true
    const latencyMs = this.#latencyMs()
    const isSlow = faults.strikes('slow_reader')
    process.after(isSlow ? faults.dice('slow_reader').below(120_000) : latencyMs, () => {
      this.#isReading = false
      if (!this.isOpen) return
      if (isSlow && this.#buffer.length > 1) faults.took('slow_reader')
      const text = this.#buffer.shift() as string
      this.#bufferedBytes -= utf8Length(text)
      this.#ends.frame(text)
      this.#read()
    })
  }

  #lost(isRefused = false): void {
    if (!this.isOpen) return
    this.end()
    this.#ends.ended(isRefused)
  }

  #latencyMs(): number {
    return this.#options.random.between(2, 60)
  }
}
