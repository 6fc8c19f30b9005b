import {
  type Clock,
  type JsonValue,
  PRESENCE_BYTES,
  type Random,
  type ToClient,
  type ToServer,
  encodePresent,
  encodeRefusal,
  encodeSocketAnswer,
  encodeToClient,
} from '@whisker/protocol'
import { MOST_UNREAD_BYTES } from './read-frame.ts'
import { type RefusedRequest, refusalFor, refusalOf } from './refusal.ts'
import type { Principal } from './principal.ts'
import type { ServerSession, ServerSubscription, SessionAnswer } from './server-session.ts'
import type { ClientConnection } from './server-client.ts'
import { SocketIdentity } from './socket-identity.ts'
import type { SocketLimits } from './socket-limits.ts'
import type { Seat, SocketPresence } from './socket-presence.ts'
import { badRequest, isFull, retryLater, tooMany } from './socket-refusals.ts'
import { type SpaceServices, readPull } from './space-requests.ts'

export interface ClientServices extends SpaceServices {
  readonly clock: Clock
  readonly random: Random
  readonly socketLimits: SocketLimits
  readonly presence: SocketPresence
  session(principal: () => Principal): ServerSession
}

export interface ClientParts {
  readonly connection: ClientConnection
  /** Before the first token is looked at. Throws whom there is no room for now. */
  admit(): void
  /** The first time that somebody is known. Throws whom there is no room for. */
  enter(principal: Principal): void
}

interface OpenSubscription {
  readonly space: string
  readonly subscription: ServerSubscription
  seat: Seat | undefined
  /** What was shown before the subscription had begun. */
  shown: JsonValue | undefined
}

/** How long a new socket may take until it is known whose it is. */
const HELLO_MS = 5000

/** What one client does over its socket: a session, once it is known who it is. */
export class SocketClient {
  readonly #parts: ClientParts
  readonly #services: ClientServices
  readonly #identity: SocketIdentity
  readonly #requests = new Map<number, AbortController>()
  readonly #subscriptions = new Map<number, OpenSubscription>()
  /** What came while the first token was looked at. */
  readonly #early: ToServer[] = []
  #session: ServerSession | undefined
  #isGreeted = false
  /** Resolves when the last pull that does not wait is over. */
  #lastPull: Promise<unknown> = Promise.resolve()
  /** Why the socket is closed as soon as nobody waits for an answer. */
  #leaving: RefusedRequest | undefined
  readonly #stopHello: () => void

  constructor(parts: ClientParts, services: ClientServices) {
    const { connection } = parts
    this.#parts = parts
    this.#services = services
    this.#identity = new SocketIdentity({
      clock: services.clock,
      identify: (token) => connection.identify(token),
      welcome: () => this.#welcome(),
      renew: () => this.#say({ kind: 'renew' }),
      refuse: (refused, failure) => connection.close(refused, failure),
    })
    this.#stopHello = services.clock.after(HELLO_MS, () =>
      connection.close(this.#isGreeted ? this.#unknown() : NO_HELLO),
    )
  }

  take(message: ToServer): void {
    if (this.#parts.connection.isClosing) return
    if (message.kind === 'hello') return this.#hello(message.token)
    if (message.kind === 'ping') return this.#say({ kind: 'pong' })
    if (message.kind === 'pong') return
    const session = this.#session
    if (session) return this.#do(message, session)
    if (!this.#isGreeted) return this.#parts.connection.close(badRequest('Expected a hello first.'))
    this.#early.push(message)
  }

  /** Closes, when what is being answered is answered. */
  leave(refused: RefusedRequest): void {
    this.#leaving = refused
    this.#leaveIfDone()
  }

  /** The socket is gone. */
  over(): void {
    this.#stopHello()
    this.#identity.close()
    for (const request of this.#requests.values()) request.abort()
    for (const number of this.#subscriptions.keys()) this.#unsubscribe(number)
  }

  #hello(token: string | undefined): void {
    const { connection } = this.#parts
    if (!this.#isGreeted) {
      try {
        this.#parts.admit()
      } catch (thrown) {
        return connection.close(refusalFor(thrown))
      }
      this.#isGreeted = true
      // Nobody who is not known makes the server hold more than this.
      connection.pause()
    }
    void this.#identity.take(token)
  }

  #welcome(): void {
    const { principal } = this.#identity
    if (!principal) return
    if (!this.#session) {
      this.#parts.enter(principal)
      this.#stopHello()
      this.#session = this.#services.session(() => this.#identity.principal ?? principal)
    }
    this.#say({ kind: 'welcome' })
    this.#parts.connection.resume()
    for (const message of this.#early.splice(0)) this.take(message)
  }

  #do(message: SessionMessage, session: ServerSession): void {
    switch (message.kind) {
      case 'version':
        return this.#request(message.number, async () => session.version(message.space))
      case 'pull':
        return this.#request(message.number, async (signal) => this.#pull(message, signal, session))
      case 'push':
        return this.#request(message.number, () => session.push(message.space, message.message))
      case 'cancel':
        return this.#requests.get(message.number)?.abort()
      case 'subscribe':
        return this.#subscribe(message, session)
      case 'unsubscribe':
        return this.#unsubscribe(message.number)
      case 'presence':
        return this.#show(message.number, message.value)
    }
  }

  #request(number: number, work: (signal: AbortSignal) => Promise<SessionAnswer>): void {
    if (this.#isTaken(number)) return
    const { requests } = this.#services.socketLimits
    if (this.#requests.size >= requests) {
      const { status, refusal } = tooMany('requests at once on this socket', retryLater(this.#services.random))
      return this.#answer(number, { status, text: JSON.stringify(encodeRefusal(refusal)) })
    }
    void this.#answerWith(number, work)
  }

  async #answerWith(number: number, work: (signal: AbortSignal) => Promise<SessionAnswer>): Promise<void> {
    const request = new AbortController()
    this.#requests.set(number, request)
    const answer = await work(request.signal)
    // Sent in the very turn in which it is there: the frame that leads past a push is next.
    this.#requests.delete(number)
    if (!request.signal.aborted) this.#answer(number, answer)
    this.#leaveIfDone()
  }

  /** One page after the other, as the reader takes them in. One that waits for a change holds back no other. */
  async #pull(
    { space, parameters }: Extract<ToServer, { kind: 'pull' }>,
    signal: AbortSignal,
    session: ServerSession,
  ): Promise<SessionAnswer> {
    const isWaiting = Number(parameters['wait'] ?? 0) > 0
    if (isWaiting) return session.pull(space, parameters, signal)
    const pulled = this.#lastPull
      .then(() => this.#parts.connection.drained())
      .then(() => session.pull(space, parameters, signal))
    this.#lastPull = pulled
    return pulled
  }

  #answer(number: number, { status, text }: SessionAnswer): void {
    this.#parts.connection.send(encodeSocketAnswer(number, status, text))
  }

  #subscribe(message: Subscribe, session: ServerSession): void {
    const { number, space, parameters } = message
    const { connection } = this.#parts
    if (this.#isTaken(number)) return
    if (this.#subscriptions.size >= this.#services.socketLimits.subscriptions) {
      const { refusal } = tooMany('subscriptions on this socket', retryLater(this.#services.random))
      return this.#say({ kind: 'end', number, refusal })
    }
    const subscription = session.subscribe(space, parameters, {
      get bufferedBytes() {
        return connection.bufferedBytes
      },
      send: (text, utf8) => connection.sendFrame(number, utf8 ?? Buffer.from(text)),
      end: (refusal) => {
        this.#unsubscribe(number)
        this.#say({ kind: 'end', number, refusal })
      },
    })
    const open: OpenSubscription = { space, subscription, seat: undefined, shown: undefined }
    this.#subscriptions.set(number, open)
    void this.#begin(message, open)
  }

  async #begin({ number, space, parameters }: Subscribe, open: OpenSubscription): Promise<void> {
    await open.subscription.began
    if (this.#subscriptions.get(number) !== open) return
    const { random, presence } = this.#services
    const { connection } = this.#parts
    const { principal } = this.#identity
    if (!principal) return
    this.#say({ kind: 'begun', number })
    const seat: Seat = {
      space,
      id: Buffer.from(random.bytes(12)).toString('base64url'),
      principal: principal.id,
      device: readPull(space, parameters, this.#services).device,
      isSlow: () => connection.bufferedBytes > MOST_UNREAD_BYTES,
      allow: async () => this.#allowRead(space),
      tell: (members) => connection.send(encodePresent(number, members)),
      refuse: (thrown) => {
        const { status, refusal } = refusalFor(thrown)
        // What failed is no refusal: they are told with the next change.
        if (status >= 500 || this.#subscriptions.get(number) !== open) return
        this.#unsubscribe(number)
        this.#say({ kind: 'end', number, refusal })
      },
    }
    open.seat = seat
    presence.join(seat)
    presence.show(seat, open.shown)
  }

  async #allowRead(space: string): Promise<void> {
    const { principal } = this.#identity
    if (principal) await this.#services.allow(principal, space, 'read')
  }

  #unsubscribe(number: number): void {
    const open = this.#subscriptions.get(number)
    if (!open) return
    this.#subscriptions.delete(number)
    open.subscription.close()
    if (open.seat) this.#services.presence.leave(open.seat)
  }

  #show(number: number, value: JsonValue | undefined): void {
    const open = this.#subscriptions.get(number)
    // It may just have ended.
    if (!open) return
    if (value !== undefined && Buffer.byteLength(JSON.stringify(value)) > PRESENCE_BYTES) {
      return this.#parts.connection.close(TOO_MUCH_SHOWN)
    }
    if (open.seat) this.#services.presence.show(open.seat, value)
    else open.shown = value
  }

  /** Closes if a number is used twice: nobody could tell what answers what. */
  #isTaken(number: number): boolean {
    const isTaken = this.#requests.has(number) || this.#subscriptions.has(number)
    if (isTaken) this.#parts.connection.close(badRequest(`The number ${number} is in use.`))
    return isTaken
  }

  #unknown(): RefusedRequest {
    const retryAfterMs = retryLater(this.#services.random)
    return isFull('It could not be told in time who this is.', retryAfterMs)
  }

  #leaveIfDone(): void {
    if (this.#leaving && this.#requests.size === 0) this.#parts.connection.close(this.#leaving)
  }

  #say(message: Exclude<ToClient, { readonly kind: 'answer' | 'frame' | 'present' }>): void {
    this.#parts.connection.send(encodeToClient(message))
  }
}

type Subscribe = Extract<ToServer, { readonly kind: 'subscribe' }>
type SessionMessage = Exclude<ToServer, { readonly kind: 'hello' | 'ping' | 'pong' }>

const NO_HELLO: RefusedRequest = {
  status: 408,
  refusal: refusalOf('timeout', `Nobody said within ${HELLO_MS} ms who they are.`),
}
const TOO_MUCH_SHOWN: RefusedRequest = {
  status: 413,
  refusal: refusalOf('too_large', `What somebody shows has at most ${PRESENCE_BYTES} bytes.`),
}
