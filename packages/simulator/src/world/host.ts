import {
  type DocumentKey,
  type Limits,
  type Random,
  type Refusal,
  type SyncStore,
  encodeRefusal,
  parseJson,
} from '@whisker/protocol'
import {
  type ServerSession,
  type ServerSubscription,
  type SubscriptionSink,
  type SyncServer,
  type Validate,
  createServer,
} from '@whisker/server'
import type { SeededRandom } from '../random.ts'
import type { Answer } from './answer.ts'
import { Arrivals } from './arrivals.ts'
import { copySpace } from './copy-store.ts'
import type { Fault, Faults } from './faults.ts'
import { Guard } from './guard.ts'
import { type Accept, type ClientEnd, HostSocket } from './host-socket.ts'
import { Process, WallClock } from './process.ts'
import type { Scheduler } from './scheduler.ts'
import { Rights, type Said, TRUSTED_MS } from './rights.ts'
import { storeOf } from './server-disk.ts'

export type RequestKind = Exclude<Said, 'subscribe'>

export interface HostOptions {
  readonly space: string
  readonly scheduler: Scheduler
  readonly faults: Faults
  readonly random: SeededRandom
  /** A new, empty store. */
  readonly newStore: () => SyncStore
  /** Sees what any process of the server stores. */
  readonly observe: (store: SyncStore) => SyncStore
  readonly validate: Validate | undefined
  readonly limits: Partial<Limits>
  /** How long it asks at most until it knows whether somebody may. */
  readonly rightsTakeMs: number
  /** Told of what somebody got who may not. */
  readonly onBreach: (what: string) => void
}

/** What a client once said. */
export interface Heard {
  readonly principal: string
  readonly text: string
}

/** A copy of the server's store, and what the world knew of it then. */
export interface Backup {
  readonly store: SyncStore
  readonly atMs: number
}

/** The machine that the server runs on: processes of it come and go, the store stays. */
export class Host {
  readonly rights: Rights = new Rights()
  /** Principals whose tokens have expired. */
  readonly expired: Set<string> = new Set()
  isFull = false
  starts = 0
  server: SyncServer | undefined
  store: SyncStore
  readonly #options: HostOptions
  #process: Process
  readonly #wall: WallClock
  readonly #guard: Guard
  /** Why the server ended, until somebody was in touch with it and finds that it did. */
  #unnoticed: Fault | undefined
  /** All that is sent to it, by anybody. */
  readonly arrivals: Arrivals = new Arrivals()

  constructor(options: HostOptions) {
    this.#options = options
    this.#wall = new WallClock(options.scheduler)
    this.#process = new Process(options.scheduler, this.#wall)
    this.store = options.newStore()
    const { scheduler, onBreach } = options
    this.#guard = new Guard({ rights: this.rights, nowMs: () => scheduler.nowMs, onBreach })
  }

  get isUp(): boolean {
    return this.server !== undefined && this.#process.isAlive
  }

  get process(): Process {
    return this.#process
  }

  start(): void {
    const { scheduler, faults, random, validate, limits, observe, space, rightsTakeMs } = this.#options
    const process = new Process(scheduler, this.#wall)
    const chance: Random = random.fork(`start ${++this.starts}`)
    const dice = random.fork(`rights ${this.starts}`)
    const allows = (id: string, action: string): boolean | Promise<boolean> => {
      const isAllowed = this.#allows(id, action)
      return rightsTakeMs > 0 ? process.pause(dice.below(rightsTakeMs)).then(() => isAllowed) : isAllowed
    }
    this.#process = process
    this.server = createServer({
      store: storeOf(observe(this.store), process, { faults, random: random.fork(`disk ${this.starts}`) }),
      authenticate: () => undefined,
      authorize: ({ id }, named, action) => named === space && allows(id, action),
      validate,
      limits: { ...limits, ...(this.isFull && { spaceDocuments: 1 }) },
      clock: process.clock,
      random: chance,
    })
  }

  readonly #heard = new Map<Said, readonly Heard[]>()

  /** The latest of what the people of the world said themselves, for whoever wants to repeat it. */
  heard(said: Said): readonly Heard[] {
    return this.#heard.get(said) ?? []
  }

  #remember(said: Said, heard: Heard): void {
    const all = this.heard(said)
    const isRepeated = all.some(({ principal, text }) => text === heard.text && principal !== heard.principal)
    if (isRepeated || this.rights.isStranger(heard.principal)) return
    this.#heard.set(said, [...all, heard].slice(-MOST_HEARD))
  }

  /** Takes rights from somebody. A server that is told of it asks again at once, else when what it knows is old. */
  takeRights(principal: string, actions: readonly string[], isTold: boolean): void {
    const { scheduler, space } = this.#options
    this.rights.deny(principal, actions, scheduler.nowMs + (isTold ? 0 : TRUSTED_MS))
    if (isTold) void this.server?.recheck({ principal, space })
  }

  #allows(principal: string, action: string): boolean {
    const isDenied = this.rights.isDenied(principal, action)
    if (isDenied && !this.rights.isStranger(principal)) this.#options.faults.took('access_revoked')
    return !isDenied
  }

  /** The process is killed: whatever it was doing stops there. */
  crash(fault?: Fault): void {
    this.#unnoticed = fault
    this.server = undefined
    this.#process.end()
  }

  /** Somebody finds that the server is gone, or another one. */
  noticeEnd(): void {
    if (this.#unnoticed) this.#options.faults.took(this.#unnoticed)
    this.#unnoticed = undefined
  }

  /** Ends in order: requests that run are answered first. It may be killed before that is done. */
  async stop(fault: Fault): Promise<void> {
    this.#unnoticed = fault
    const { server } = this
    const process = this.#process
    this.server = undefined
    await Promise.race([server?.close(), process.ended])
    process.end()
  }

  async backup(): Promise<Backup> {
    const { newStore, scheduler, space } = this.#options
    const store = newStore()
    await copySpace(this.store, store, space)
    return { store, atMs: scheduler.nowMs }
  }

  /** The store becomes what it was; the backup can be used again. */
  async restore(backup: Backup): Promise<void> {
    const { newStore, space } = this.#options
    this.store = newStore()
    await copySpace(backup.store, this.store, space)
  }

  /** A document's row vanishes behind the server's back; the record of the space still counts it. */
  async lose(random: SeededRandom): Promise<DocumentKey | undefined> {
    const { space } = this.#options
    return this.store.write(space, async (transaction) => {
      const rows = await transaction.changedAfter(0, Number.MAX_SAFE_INTEGER)
      if (rows.length === 0) return undefined
      const { collection, document } = random.pick(rows)
      const nothing = { strategies: [], replicas: [], documents: [], revoked: [] }
      await transaction.put({ ...(await transaction.space()), ...nothing, removed: [{ collection, document }] })
      return { collection, document }
    })
  }

  /** What takes connections that stay; undefined while nobody listens. */
  get door(): Accept | undefined {
    const { server } = this
    const process = this.#process
    return server && process.isAlive ? (end) => this.#accept(end, server, process) : undefined
  }

  #accept(end: ClientEnd, server: SyncServer, process: Process): HostSocket {
    return new HostSocket({
      server,
      process,
      end,
      isExpired: (principal) => this.#isExpired(principal),
      asked: (said, principal, body) => {
        this.#remember(said, { principal, text: JSON.stringify(body) })
        return this.#guard.asked(said, principal)
      },
      shown: (principal, frame) => this.#guard.shown(principal, frame),
    })
  }

  #isExpired(principal: string): boolean {
    const is = this.expired.has(principal)
    if (is) this.#options.faults.took('token_expired')
    return is
  }

  /** What one request of a client does; undefined while nobody listens. */
  connect(principal: string): HostConnection | undefined {
    const { server } = this
    const process = this.#process
    if (!server || !process.isAlive) return undefined
    const session = server.session({ id: principal })
    const { space } = this.#options
    return {
      process,
      receive: (kind, text, answer) => {
        this.#remember(kind, { principal, text })
        const look = this.#guard.asked(kind, principal)
        const answered = this.#isExpired(principal)
          ? Promise.resolve(refusedWith(401, 'needs_auth'))
          : answerTo(session, space, kind, text)
        void answered.then((result) =>
          process.run(() => {
            look(result)
            answer(result)
          }),
        )
      },
      subscribe: (text, sink) => {
        this.#remember('subscribe', { principal, text })
        if (this.#isExpired(principal)) return undefined
        const parameters = parseJson(text) as Readonly<Record<string, string>>
        return session.subscribe(space, parameters, this.#guard.watched(principal, sink))
      },
    }
  }
}

/** A client's connection to one process of the server. */
export interface HostConnection {
  readonly process: Process
  /** What reaches the server is answered, or never. */
  receive(kind: RequestKind, text: string, answer: (answer: Answer) => void): void
  subscribe(text: string, sink: SubscriptionSink): ServerSubscription | undefined
}

async function answerTo(session: ServerSession, space: string, kind: RequestKind, text: string): Promise<Answer> {
  let message: unknown
  try {
    message = parseJson(text)
  } catch {
    return refusedWith(400, 'bad_request')
  }
  switch (kind) {
    case 'version':
      return session.version(space)
    case 'pull':
      return session.pull(space, message as Readonly<Record<string, string>>)
    case 'push':
      return session.push(space, message)
  }
}

const MOST_HEARD = 20

function refusedWith(status: number, code: string): Answer {
  const refusal: Refusal = {
    code,
    message: code,
    fix: undefined,
    reason: undefined,
    epochs: [],
    timeMs: undefined,
    retryAfterMs: undefined,
    head: undefined,
    replicas: [],
  }
  return { status, text: JSON.stringify(encodeRefusal(refusal)) }
}
