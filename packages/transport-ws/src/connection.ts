import {
  type JsonValue,
  type LiveFrame,
  type MemberChange,
  type Refusal,
  SOCKET_DEAD_MS,
  SOCKET_PING_MS,
  type SubscribeRequest,
  SyncError,
  type ToClient,
  type ToServer,
  decodeToClient,
  encodePull,
  encodeToServer,
  parseJson,
  utf8Length,
} from '@whisker/protocol'
import { readToken, refusalToError } from '@whisker/protocol/transport'
import { closeError, refusalIn, unopenedError } from './endings.ts'
import type { LineSettings } from './options.ts'
import type { OpenSocket, Socket } from './platform-socket.ts'

/** What is told of a subscription. */
export interface Subscriber {
  begun(): void
  changed(frame: LiveFrame | undefined): void
  present(changes: readonly MemberChange[]): void
  /** The server ended it. */
  refused(refusal: Refusal): void
  /** The connection is gone. */
  lost(): void
}

export interface ConnectionEvents {
  /** The server has taken the token. */
  readonly welcomed: () => void
  /** It is over, or never came to be; before those who wait are told. */
  readonly ended: (error: SyncError) => void
}

/** A question to the server, by the number that it is given. */
export interface Question<T> {
  readonly ask: (number: number) => ToServer
  readonly decode: (message: unknown) => T
  readonly meter: ((direction: 'sent' | 'received', bytes: number) => void) | undefined
}

interface Call {
  readonly answered: (status: number, message: unknown, bytes: number) => void
  readonly failed: (error: SyncError) => void
}

/** A server that has not said welcome by then is none. */
const WELCOME_MS = 15_000
/** After waking up, and no sign of life by then, the socket is held for dead. */
const PROBE_MS = 5000

/** The platform's own, for a socket that ended without a word. */
const NO_CODE = 1006

/** One socket, from its opening to its end; then whoever waits for something is told why nothing comes. */
export class Connection {
  readonly #settings: LineSettings
  readonly #events: ConnectionEvents
  readonly #socket: Socket
  readonly #calls = new Map<number, Call>()
  readonly #subscribers = new Map<number, Subscriber>()
  /** Who waits for a sign of life. */
  #listening: Pick<PromiseWithResolvers<void>, 'resolve' | 'reject'>[] = []
  readonly #timers: Record<'welcome' | 'beat' | 'probe', () => void>
  #isOpen = false
  #isWelcome = false
  #error: SyncError | undefined
  #lastNumber = 0
  #heardMs: number
  /** Counts the messages that came. */
  #heard = 0

  constructor(open: OpenSocket, settings: LineSettings, token: string | undefined, events: ConnectionEvents) {
    this.#settings = settings
    this.#events = events
    this.#heardMs = settings.clock.now()
    this.#socket = open(settings.url, settings.maxAnswerBytes, {
      opened: () => {
        this.#isOpen = true
        this.#send({ kind: 'hello', token })
      },
      message: (text) => this.#take(text),
      closed: (code, reason) => {
        const why =
          this.#isOpen || code !== NO_CODE
            ? closeError(settings.url, code, reason)
            : unopenedError(settings.url, reason)
        this.end(why)
      },
    })
    this.#timers = {
      welcome: settings.clock.after(WELCOME_MS, () => this.end(this.#silent('timeout', WELCOME_MS))),
      beat: () => undefined,
      probe: () => undefined,
    }
    this.#beat()
  }

  /** Asks, and resolves to what the answer says. The signal ends it; with a time-out for a reason, perhaps the connection too. */
  request<T>({ ask, decode, meter }: Question<T>, signal: AbortSignal): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    if (this.#error) throw this.#error
    signal.throwIfAborted()
    const number = ++this.#lastNumber
    const heard = this.#heard
    const text = encodeToServer(ask(number))
    this.#calls.set(number, {
      answered: (status, message, bytes) => {
        meter?.('received', bytes)
        try {
          resolve(decode(message))
        } catch (cause) {
          reject(
            new SyncError('bad_message', `The server answered with something else, with status ${status}.`, { cause }),
          )
        }
      },
      failed: reject,
    })
    signal.addEventListener('abort', () => this.#cancel(number, heard, signal.reason), { once: true })
    meter?.('sent', utf8Length(text))
    this.#socket.send(text)
    return promise
  }

  subscribe(request: SubscribeRequest, subscriber: Subscriber): number {
    const number = ++this.#lastNumber
    this.#subscribers.set(number, subscriber)
    const parameters = encodePull({ ...request, limit: 1, waitMs: 0 })
    this.#send({ kind: 'subscribe', number, space: request.space, parameters })
    return number
  }

  unsubscribe(number: number): void {
    if (this.#subscribers.delete(number)) this.#send({ kind: 'unsubscribe', number })
  }

  show(number: number, value: JsonValue | undefined): void {
    if (this.#subscribers.has(number)) this.#send({ kind: 'presence', number, value })
  }

  /** Resolves with the next message of whatever kind, which is asked for. */
  heard(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#listening.push({ resolve, reject })
    this.#send({ kind: 'ping' })
    return promise
  }

  /** Finds out whether the other side is still there, where there is reason to doubt it. */
  probe(): void {
    const heard = this.#heard
    this.#send({ kind: 'ping' })
    this.#timers.probe()
    this.#timers.probe = this.#settings.clock.after(PROBE_MS, () => {
      if (this.#heard === heard) this.end(this.#silent('network', PROBE_MS))
    })
  }

  end(error: SyncError): void {
    if (this.#error) return
    this.#error = error
    for (const cancel of Object.values(this.#timers)) cancel()
    this.#socket.drop()
    const [calls, subscribers, listening] = [
      [...this.#calls.values()],
      [...this.#subscribers.values()],
      this.#listening,
    ]
    this.#calls.clear()
    this.#subscribers.clear()
    this.#listening = []
    this.#events.ended(error)
    for (const { failed } of calls) failed(error)
    for (const { reject } of listening) reject(error)
    for (const subscriber of subscribers) subscriber.lost()
  }

  #send(message: ToServer): void {
    if (!this.#error) this.#socket.send(encodeToServer(message))
  }

  #take(text: string | undefined): void {
    this.#heardMs = this.#settings.clock.now()
    this.#heard++
    for (const { resolve } of this.#listening.splice(0)) resolve()
    let message: ToClient
    try {
      if (text === undefined) throw new Error('it is no text, or too large')
      message = decodeToClient(parseJson(text))
    } catch (cause) {
      return this.end(
        new SyncError('bad_message', `${this.#settings.url} sent what is no message.`, {
          fix: 'Check that the url leads to a Whisker Sync server.',
          cause,
        }),
      )
    }
    this.#follow(message, text)
  }

  #follow(message: ToClient, text: string): void {
    switch (message.kind) {
      case 'welcome':
        return this.#welcomed()
      case 'answer':
        return this.#answer(message.number, message.status, message.message, utf8Length(text))
      case 'begun':
        return this.#subscribers.get(message.number)?.begun()
      case 'frame':
        return this.#subscribers.get(message.number)?.changed(message.frame)
      case 'present':
        return this.#subscribers.get(message.number)?.present(message.members)
      case 'end': {
        const subscriber = this.#subscribers.get(message.number)
        this.#subscribers.delete(message.number)
        return subscriber?.refused(message.refusal)
      }
      case 'renew':
        return void this.#renew()
      case 'close':
        return this.end(refusalToError(message.refusal))
      case 'ping':
        return this.#send({ kind: 'pong' })
      case 'pong':
    }
  }

  /** With each token that it takes the server says so. */
  #welcomed(): void {
    if (this.#isWelcome) return
    this.#isWelcome = true
    this.#timers.welcome()
    this.#events.welcomed()
  }

  #answer(number: number, status: number, message: unknown, bytes: number): void {
    const call = this.#calls.get(number)
    this.#calls.delete(number)
    if (status === 200) return call?.answered(status, message, bytes)
    const error = refusalIn(message, status)
    call?.failed(error)
    // The token is no longer good: the next socket begins with another.
    if (error.code === 'needs_auth') this.end(error)
  }

  #cancel(number: number, heard: number, reason: unknown): void {
    const call = this.#calls.get(number)
    if (!call) return
    this.#calls.delete(number)
    const error = reason as SyncError
    call.failed(error)
    // Nothing came all the while: what is sent next may not arrive either.
    if (error.code === 'timeout' && this.#heard === heard) return this.end(this.#silent('network'))
    this.#send({ kind: 'cancel', number })
  }

  /** With what cannot be renewed nothing more is to be had here. */
  async #renew(): Promise<void> {
    try {
      this.#send({ kind: 'hello', token: await readToken(this.#settings.token) })
    } catch (thrown) {
      this.end(thrown as SyncError)
    }
  }

  #beat(): void {
    const { clock } = this.#settings
    this.#timers.beat = clock.after(SOCKET_PING_MS, () => {
      const silentMs = clock.now() - this.#heardMs
      if (silentMs >= SOCKET_DEAD_MS) return this.end(this.#silent('network', silentMs))
      this.#send({ kind: 'ping' })
      this.#beat()
    })
  }

  #silent(code: 'network' | 'timeout', silentMs?: number): SyncError {
    const howLong = silentMs === undefined ? '' : ` for ${silentMs} ms`
    return new SyncError(code, `${this.#settings.url} said nothing${howLong}.`, {
      fix: 'Check the connection; it is tried again.',
    })
  }
}
