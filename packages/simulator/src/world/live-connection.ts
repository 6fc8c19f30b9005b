import {
  type LiveFrame,
  type Refusal,
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
import { refusalToError } from '@whisker/protocol/transport'
import { damaged } from './damaged.ts'
import type { Accept, ClientEnd, HostSocket } from './host-socket.ts'
import type { Back, GivenUp, LinkOptions, LinkRequest } from './link.ts'

/** When silence means that the other side is gone. */
const DEAD_AFTER_MS = 45_000
/** The number of the one that a connection is opened for. */
const SUBSCRIPTION = 1

export interface LiveEvents {
  /** The server will tell of every change from now on. */
  readonly begun: () => void
  readonly changed: (frame: LiveFrame | undefined) => void
  /** The server has ended the subscription. */
  readonly refused: () => void
  /** The connection is gone; what the server said, if it said anything. */
  readonly lost: (refusal: Refusal | undefined) => void
}

interface Call {
  readonly kind: LinkRequest['kind']
  readonly back: Back
}

/**
 * One connection that stays, in the messages of a socket: each way they arrive in order, or not at all. It sends no
 * pings, which in years of virtual time would be most of what happens: where nothing passes any more, both sides find
 * out as late as pings would tell them.
 */
export class LiveConnection implements ClientEnd {
  isOpen = true
  /** Whether it may be asked something. */
  isWelcome = false
  readonly #options: LinkOptions
  readonly #events: LiveEvents
  readonly #socket: HostSocket
  readonly #calls = new Map<number, Call>()
  readonly #up: string[] = []
  readonly #down: string[] = []
  #unreadBytes = 0
  #isSending = false
  #isReading = false
  /** Nothing passes any more, and neither side knows. */
  #isSilent = false
  #isClosed = false
  #lastNumber = SUBSCRIPTION
  /** Counts the messages that came. */
  #heard = 0
  readonly #forgets: readonly (() => void)[]

  constructor(accept: Accept, request: SubscribeRequest, options: LinkOptions, events: LiveEvents) {
    this.#options = options
    this.#events = events
    this.#socket = accept(this)
    const { process, principal } = options
    const host = this.#socket.process
    this.#forgets = [
      host.onEnd(() => process.after(this.#latencyMs(), () => this.#lose())),
      process.onSuspend(() => host.after(DEAD_AFTER_MS, () => this.#letGoIfSilent())),
      process.onEnd(() => this.end()),
    ]
    this.#send({ kind: 'hello', token: principal })
    const parameters = encodePull({ ...request, limit: 1, waitMs: 0 })
    this.#send({ kind: 'subscribe', number: SUBSCRIPTION, space: request.space, parameters })
  }

  get process(): HostSocket['process'] {
    return this.#socket.process
  }

  get unreadBytes(): number {
    return this.#unreadBytes
  }

  ask(request: LinkRequest, space: string, back: Back): GivenUp {
    const number = ++this.#lastNumber
    const heard = this.#heard
    this.#calls.set(number, { kind: request.kind, back })
    back.sent(this.#send(messageOf(request, number, space)))
    return ({ code }) => {
      if (!this.#calls.delete(number)) return
      // Nothing came all the while: what is sent next may not arrive either.
      if (code === 'timeout' && this.#heard === heard) this.#lose()
      else this.#send({ kind: 'cancel', number })
    }
  }

  /** The client lets go. */
  end(): void {
    if (!this.isOpen) return
    this.isOpen = false
    for (const forget of this.#forgets) forget()
    this.#socket.process.run(() => this.#socket.over())
  }

  told(text: string): void {
    if (!this.isOpen) return
    const { faults, process } = this.#options
    this.#down.push(text)
    this.#unreadBytes += utf8Length(text)
    if (!this.#isSilent && isFrame(text) && faults.strikes('half_open')) {
      this.#isSilent = true
      process.after(DEAD_AFTER_MS, () => {
        if (this.isOpen) faults.took('half_open')
        this.#lose()
      })
    }
    this.#read()
  }

  closed(): void {
    this.#isClosed = true
    this.#read()
  }

  /** The server lets go of who says nothing. They find out when they go on. */
  #letGoIfSilent(): void {
    const { process } = this.#options
    if (!this.isOpen || process.standsStillMs < DEAD_AFTER_MS) return
    this.#socket.over()
    process.run(() => this.#lose())
  }

  #send(message: ToServer): number {
    const text = encodeToServer(message)
    if (this.isOpen && !this.#isSilent) {
      this.#up.push(text)
      this.#sendNext()
    }
    return utf8Length(text)
  }

  #sendNext(): void {
    const { faults, process, way } = this.#options
    if (this.#isSending || this.#isSilent || this.#up.length === 0) return
    if (way.isCut || way.losesUp) {
      faults.took(way.isCut ? 'partition' : 'partition_up')
      return this.#fallSilent()
    }
    if (faults.strikes('drop')) {
      faults.took('drop')
      // Half of what gets lost is noticed: the connection breaks.
      if (faults.dice('drop').chance(0.5)) process.after(this.#latencyMs(), () => this.#lose())
      else this.#fallSilent()
      return
    }
    this.#isSending = true
    const isLate = faults.strikes('delay')
    const delayMs = isLate ? faults.dice('delay').below(90_000) : this.#latencyMs()
    this.#socket.process.after(delayMs, () => {
      this.#isSending = false
      if (!this.isOpen) return
      if (isLate && this.#up.length > 1) faults.took('delay')
      this.#socket.take(damaged(this.#up.shift() as string, faults))
      this.#sendNext()
    })
  }

  #read(): void {
    const { faults, process, way } = this.#options
    if (this.#isReading || this.#isSilent || !this.isOpen) return
    const [text] = this.#down
    if (text === undefined) {
      if (this.#isClosed) process.after(this.#latencyMs(), () => this.#lose())
      return
    }
    if (way.isCut || way.losesDown) {
      if (way.losesDown) faults.took('partition_down')
      return this.#fallSilent()
    }
    if (this.#losesReply(text)) return
    this.#isReading = true
    const isSlow = isFrame(text) && faults.strikes('slow_reader')
    const delayMs = isSlow ? faults.dice('slow_reader').below(120_000) : this.#latencyMs()
    process.after(delayMs, () => {
      this.#isReading = false
      if (!this.isOpen) return
      if (isSlow && this.#down.length > 1) faults.took('slow_reader')
      this.#down.shift()
      this.#unreadBytes -= utf8Length(text)
      this.#socket.process.run(() => this.#socket.read())
      this.#take(damaged(text, faults))
      this.#read()
    })
  }

  /** The connection ends with the answer to a push on its way, at once or as one that is half open. */
  #losesReply(text: string): boolean {
    const { faults, process } = this.#options
    const [, number, status] = /^\["answer",(\d+),(\d+),/.exec(text) ?? []
    if (this.#calls.get(Number(number))?.kind !== 'push' || !faults.strikes('reply_lost')) return false
    if (status === '200') faults.took('reply_lost')
    if (faults.dice('reply_lost').chance(0.5)) process.after(this.#latencyMs(), () => this.#lose())
    else this.#fallSilent()
    return true
  }

  #take(text: string): void {
    this.#heard++
    let message: ToClient
    try {
      message = decodeToClient(parseJson(text))
    } catch (cause) {
      return this.#lose(undefined, new SyncError('bad_message', 'What came is no message.', { cause }))
    }
    switch (message.kind) {
      case 'welcome':
        this.isWelcome = true
        return
      case 'answer':
        return this.#answer(message, utf8Length(text))
      case 'begun':
        return this.#events.begun()
      case 'frame':
        return this.#events.changed(message.frame)
      case 'end':
        return this.#events.refused()
      case 'close':
        return this.#lose(message.refusal, refusalToError(message.refusal))
      default:
    }
  }

  #answer({ number, status, message }: Extract<ToClient, { kind: 'answer' }>, bytes: number): void {
    const call = this.#calls.get(number)
    this.#calls.delete(number)
    call?.back.answered({ status, message, bytes })
  }

  #fallSilent(): void {
    this.#isSilent = true
    this.#options.process.after(DEAD_AFTER_MS, () => this.#lose())
  }

  #lose(refusal?: Refusal, error?: SyncError): void {
    if (!this.isOpen) return
    this.end()
    this.#events.lost(refusal)
    for (const { back } of this.#calls.values()) back.broken(error)
    this.#calls.clear()
  }

  #latencyMs(): number {
    return this.#options.random.between(2, 60)
  }
}

const isFrame = (text: string): boolean => text.startsWith('["frame"')

function messageOf(request: LinkRequest, number: number, space: string): ToServer {
  switch (request.kind) {
    case 'version':
      return { kind: 'version', number, space }
    case 'pull':
      return { kind: 'pull', number, space, parameters: request.body }
    case 'push':
      return { kind: 'push', number, space, message: request.body }
  }
}
