import {
  type JsonValue,
  type LiveFrame,
  type SubscribeRequest,
  type Subscription,
  type SubscriptionListener,
  SyncError,
  type SyncErrorCode,
  type Transport,
  decodeFrame,
  decodePage,
  decodeReceipt,
  decodeRefusal,
  decodeServerVersion,
  encodePull,
  encodePush,
  parseJson,
} from '@whisker/protocol'
import type { Principal, ServerSession, SessionAnswer, SyncServer } from '@whisker/server'
import { FaultyLink } from './faulty-link.ts'
import type { Place, Rooms } from './rooms.ts'

/** A frame, or undefined for a hint. */
export type Told = LiveFrame | undefined

interface Asked {
  readonly request: SubscribeRequest
  readonly listener: SubscriptionListener
  shown: JsonValue | undefined
}

/** A connection that stays, to a real server in this process: requests, and frames that come in order when they are let. */
export class LiveLink extends FaultyLink {
  /** What of a frame arrives: nothing, itself, or something else. */
  alter: (told: Told) => readonly Told[] = (told) => [told]
  /** How often it was asked to tell of changes. */
  subscribed = 0
  readonly told: Told[] = []
  /** What it was given to show. */
  readonly shown: unknown[] = []
  readonly #connection: Connection
  readonly #rooms: Rooms
  #isHeld = false
  #held: Told[] = []
  #asked: Asked | undefined
  #place: Place | undefined
  #end: () => void = () => {}

  constructor(server: () => SyncServer, rooms: Rooms) {
    const connection = new Connection(server)
    super(sessionTransport(connection))
    this.#connection = connection
    this.#rooms = rooms
  }

  subscribe(request: SubscribeRequest, listener: SubscriptionListener): Subscription {
    const asked: Asked = { request, listener, shown: undefined }
    this.subscribed++
    this.#asked = asked
    this.#connect()
    return {
      close: () => {
        if (this.#asked !== asked) return
        this.#end()
        this.#asked = undefined
      },
      show: (value) => {
        this.shown.push(value)
        asked.shown = value
        if (this.#asked === asked) this.#place?.show(value)
      },
    }
  }

  /** Tells something that the server did not. */
  tell(told: Told): void {
    this.#arrive(told)
  }

  hold(): void {
    this.#isHeld = true
  }

  /** Lets what was held arrive, in order. */
  release(): void {
    this.#isHeld = false
    const held = this.#held
    this.#held = []
    for (const told of held) this.#deliver(told)
  }

  /** Loses the connection, with all that is on its way. */
  cut(): void {
    this.isDown = true
    this.endSubscription()
  }

  /** Is told of nothing any more, though requests get through. */
  endSubscription(): void {
    this.#held = []
    this.#end()
    this.#asked?.listener.connected(false)
  }

  /** Has a connection again, to the server that runs now. */
  mend(): void {
    this.isDown = false
    this.reroute()
    this.#connect()
  }

  /** Requests go to the server that runs now, and nobody tells. */
  reroute(): void {
    this.#connection.renew()
  }

  #connect(): void {
    const asked = this.#asked
    if (this.isDown || !asked) return
    const { request, listener } = asked
    let isOver = false
    const subscription = this.#connection.session.subscribe(
      request.space,
      encodePull({ ...request, limit: 1, waitMs: 0 }),
      {
        bufferedBytes: 0,
        send: (text) => {
          // What is told arrives later than what the server does at the same time.
          queueMicrotask(() => {
            if (!isOver) this.#arrive(decodeFrame(parseJson(text)))
          })
        },
        end: () => {
          isOver = true
          this.#place?.leave()
          if (this.#asked === asked) listener.connected(false)
        },
      },
    )
    this.#end = () => {
      isOver = true
      this.#place?.leave()
      subscription.close()
    }
    queueMicrotask(() => {
      if (isOver) return
      listener.connected(true)
      this.#place = this.#rooms.enter(request, (members) => isOver || listener.present?.(members))
      this.#place.show(asked.shown)
    })
  }

  #arrive(told: Told): void {
    for (const one of this.alter(told)) {
      if (this.#isHeld) this.#held.push(one)
      else this.#deliver(one)
    }
  }

  #deliver(told: Told): void {
    this.told.push(told)
    this.#asked?.listener.changed(told)
  }
}

/** Whom a server without authentication takes everyone for, over HTTP too. */
const LOCAL: Principal = { id: 'local' }

class Connection {
  session: ServerSession
  readonly #server: () => SyncServer

  constructor(server: () => SyncServer) {
    this.#server = server
    this.session = server().session(LOCAL)
  }

  renew(): void {
    this.session = this.#server().session(LOCAL)
  }
}

function sessionTransport(connection: Connection): Transport {
  return {
    version: async (space) => read(await connection.session.version(space), decodeServerVersion),
    pull: async (request) => read(await connection.session.pull(request.space, encodePull(request)), decodePage),
    push: async (request) => read(await connection.session.push(request.space, encodePush(request)), decodeReceipt),
    isAvailable: async () => true,
    close: async () => {},
  }
}

function read<T>({ status, text }: SessionAnswer, decode: (value: unknown) => T): T {
  const message = parseJson(text)
  if (status === 200) return decode(message)
  const refusal = decodeRefusal(message)
  throw new SyncError(refusal.code as SyncErrorCode, refusal.message, { fix: refusal.fix, details: { refusal } })
}
