import { type SyncError, toSyncError } from '@whisker/protocol'
import { closedError, readToken, retryDelay } from '@whisker/protocol/transport'
import { Connection } from './connection.ts'
import type { LiveSubscription } from './live-subscription.ts'
import type { LineSettings } from './options.ts'
import type { OpenSocket } from './platform-socket.ts'

/** How long a socket that nobody uses stays open. */
const IDLE_MS = 10_000
/** A connection that held for so long was a good one: the next failure counts as the first. */
const GOOD_MS = 10_000
/** Who is told one of these is not to come at once. */
const BUSY: ReadonlySet<string> = new Set(['unavailable', 'rate_limited'])

/**
 * The way to one server that all transports with the same url and token share: at most one socket at a time, opened when
 * somebody asks for something, and again and again while somebody is subscribed.
 */
export class Line {
  readonly #open: OpenSocket
  readonly #settings: LineSettings
  readonly #subscriptions = new Set<LiveSubscription>()
  readonly #endWakes: () => void
  /** Requests under way. */
  #running = 0
  #connecting: Promise<Connection> | undefined
  /** Welcome or not yet. */
  #opened: Connection | undefined
  #connection: Connection | undefined
  #connectedMs = 0
  #attempt = 0
  /** The server wants nobody to come until then, and why. */
  #refused: { readonly error: SyncError; readonly untilMs: number } | undefined
  #cancelRetry: (() => void) | undefined
  #cancelIdle: (() => void) | undefined
  #isOver = false

  constructor(open: OpenSocket, settings: LineSettings) {
    this.#open = open
    this.#settings = settings
    this.#endWakes = settings.wakes(() => this.#wake())
  }

  /** Lends the connection, which is opened if there is none. */
  async use<T>(signal: AbortSignal, work: (connection: Connection) => Promise<T>): Promise<T> {
    this.#running++
    try {
      const connection = await this.#connected()
      signal.throwIfAborted()
      return await work(connection)
    } finally {
      this.#running--
      this.#endWhenIdle()
    }
  }

  add(subscription: LiveSubscription): void {
    this.#subscriptions.add(subscription)
    if (this.#connection) subscription.begin(this.#connection)
    else if (!this.#cancelRetry) this.#connect()
  }

  remove(subscription: LiveSubscription): void {
    this.#subscriptions.delete(subscription)
    this.#endWhenIdle()
  }

  close(): void {
    this.#isOver = true
    this.#endWakes()
    this.#cancelIdle?.()
    this.#cancelRetry?.()
    this.#opened?.end(closedError())
  }

  /** Whoever asks while a socket is being opened waits for the same one. */
  #connected(): Promise<Connection> {
    if (this.#connection) return Promise.resolve(this.#connection)
    this.#connecting ??= this.#begin().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #begin(): Promise<Connection> {
    const { clock, token } = this.#settings
    if (this.#refused && clock.now() < this.#refused.untilMs) throw this.#refused.error
    try {
      const credential = await readToken(token)
      if (this.#isOver) throw closedError()
      return await this.#welcomed(credential)
    } catch (thrown) {
      const error = toSyncError(thrown, 'network')
      this.#failed(error)
      throw error
    }
  }

  #welcomed(credential: string | undefined): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    const connection = new Connection(this.#open, this.#settings, credential, {
      welcomed: () => {
        this.#begun(connection)
        resolve(connection)
      },
      ended: (error) => {
        const wasWelcome = this.#connection === connection
        this.#opened = undefined
        this.#connection = undefined
        reject(error)
        if (wasWelcome) this.#failed(error)
      },
    })
    this.#opened = connection
    return promise
  }

  #begun(connection: Connection): void {
    this.#connection = connection
    this.#connectedMs = this.#settings.clock.now()
    this.#refused = undefined
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    for (const subscription of this.#subscriptions) subscription.begin(connection)
    this.#endWhenIdle()
  }

  /** It could not be opened, or has ended. */
  #failed(error: SyncError): void {
    const { clock, random } = this.#settings
    const wasGood = this.#connectedMs > 0 && clock.now() - this.#connectedMs >= GOOD_MS
    this.#connectedMs = 0
    this.#attempt = wasGood ? 1 : this.#attempt + 1
    const retryAfterMs = typeof error.details['retryAfterMs'] === 'number' ? error.details['retryAfterMs'] : undefined
    const delayMs = retryDelay(this.#attempt, error.code, retryAfterMs, random)
    if (retryAfterMs !== undefined && BUSY.has(error.code)) this.#refused = { error, untilMs: clock.now() + delayMs }
    if (this.#subscriptions.size > 0) this.#retryAfter(delayMs)
  }

  #retryAfter(delayMs: number): void {
    if (this.#isOver) return
    this.#cancelRetry?.()
    this.#cancelRetry = this.#settings.clock.after(delayMs, () => this.#retry())
  }

  #retry(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    if (this.#subscriptions.size > 0) this.#connect()
  }

  /** For the subscriptions: a failure has planned the next try. */
  #connect(): void {
    this.#connected().catch(() => {
      const { untilMs } = this.#refused ?? {}
      if (untilMs !== undefined && !this.#cancelRetry)
        this.#retryAfter(Math.max(0, untilMs - this.#settings.clock.now()))
    })
  }

  /** The network may have changed, and what was waited for may be possible now. */
  #wake(): void {
    this.#connection?.probe()
    if (this.#cancelRetry && !this.#refused) this.#retry()
  }

  #endWhenIdle(): void {
    this.#cancelIdle?.()
    this.#cancelIdle = undefined
    if (this.#isOver || this.#running + this.#subscriptions.size > 0) return
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    if (this.#connection)
      this.#cancelIdle = this.#settings.clock.after(IDLE_MS, () => this.#connection?.end(closedError()))
  }
}
