import { type Cursor, encodeHint } from '@whisker/protocol'
import type { Exchange } from './answer.ts'
import { type EncodedText, encoded } from './encoded-text.ts'
import { MOST_UNREAD_BYTES, type ReadFrame, type Subscriber, readStart } from './read-frame.ts'
import { type RefusedRequest, refusalFor, refusalOf } from './refusal.ts'
import { failureOf } from './request-log.ts'
import type { Recheck } from './server-options.ts'
import type { ServerSubscription, SubscriptionSink } from './server-session.ts'
import type { SpaceServices } from './space-requests.ts'

/** How the subscriber is found out, and whom the end is told. */
export interface SubscriptionParts {
  /** Throws what the subscriber is refused with. */
  readonly enter: () => Promise<Subscriber>
  /** Whether it is among those whose rights are asked for anew. */
  readonly isOf: (whose: Recheck) => boolean
  readonly exchange: Exchange
  readonly sink: SubscriptionSink
  readonly over: (status: number) => void
}

/** A reader with more than this before it is not coming back to it. */
export const MOST_BUFFERED_BYTES: number = 8 * MOST_UNREAD_BYTES
const HINT: EncodedText = encoded(encodeHint())
/** How often the right is asked for while nothing changes: whoever lost it would take silence for peace. */
const ASK_EVERY_MS = 60_000
/** How often it is seen whether a slow reader has caught up, while nothing else happens. */
const LOOK_EVERY_MS = 1000

/**
 * Tells one subscriber of each change of a space, as a frame if it fits and the reader keeps up, else as a hint. One
 * frame is read at a time; what changes meanwhile is in the next.
 */
export class LiveSubscription implements ServerSubscription {
  readonly began: Promise<void>
  readonly #parts: SubscriptionParts
  readonly #services: SpaceServices
  /** Where the subscriber stands if it took all that it was sent; undefined before it began. */
  #cursor: Cursor | undefined
  #subscriber: Subscriber | undefined
  #isChanged = false
  #isBusy = false
  #isOver = false
  /** Of a reader that is too slow for frames: whether the hint that it was sent covers all that it was not. */
  #lag: 'none' | 'hinted' | 'untold' = 'none'
  /** What is left of the message that was last sent into an empty buffer. However large, it is not slowness. */
  #firstBytes = 0
  #forget: () => void = () => undefined
  #stopClock: () => void = () => undefined
  #stopAsking: () => void = () => undefined

  constructor(parts: SubscriptionParts, services: SpaceServices) {
    this.#parts = parts
    this.#services = services
    this.began = this.#begin()
  }

  isOf(whose: Recheck): boolean {
    return this.#parts.isOf(whose)
  }

  /** Asks whether the reader still may. Resolves when that is known, and it has ended if they may not; never rejects. */
  async recheck(): Promise<void> {
    await this.began
    if (this.#subscriber) await this.#mayRead(this.#subscriber)
  }

  close(): void {
    this.#finish(200)
  }

  /** Ends it from the server's side. */
  end({ status, refusal }: RefusedRequest): void {
    if (this.#isOver) return
    const { exchange, sink } = this.#parts
    exchange.code = refusal.code
    this.#finish(status)
    try {
      sink.end(refusal)
    } catch {
      // There is nobody left to tell.
    }
  }

  #finish(status: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#forget()
    this.#stopClock()
    this.#stopAsking()
    this.#parts.over(status)
  }

  async #begin(): Promise<void> {
    try {
      const subscriber = await this.#parts.enter()
      if (this.#isOver) return
      // Listens before it reads, so that no change falls between.
      this.#forget = this.#services.frames.follow(subscriber.request.space, () => this.#changed())
      this.#cursor = await readStart(subscriber, this.#services)
      this.#subscriber = subscriber
      this.#askLater()
    } catch (thrown) {
      const refused = refusalFor(thrown)
      if (refused.status >= 500) this.#parts.exchange.failure = failureOf(thrown)
      this.end(refused)
    }
    if (this.#isChanged) this.#changed()
  }

  #changed(): void {
    this.#isChanged = true
    if (this.#isBusy || !this.#subscriber) return
    this.#tellAll(this.#subscriber).catch((thrown: unknown) => {
      this.#parts.exchange.failure = failureOf(thrown)
      this.#finish(500)
    })
  }

  async #tellAll(subscriber: Subscriber): Promise<void> {
    this.#isBusy = true
    while (this.#isChanged && !this.#isOver) {
      this.#isChanged = false
      await this.#tell(subscriber)
    }
    this.#isBusy = false
  }

  async #tell(subscriber: Subscriber): Promise<void> {
    const { slowReaders } = this.#services.metrics
    const unread = this.#unread()
    if (unread > MOST_BUFFERED_BYTES) {
      slowReaders.add('dropped')
      return this.end(TOO_SLOW)
    }
    const isSlow = unread > MOST_UNREAD_BYTES
    const change = await this.#read(subscriber, !isSlow && this.#lag !== 'untold')
    if (this.#isOver || (!change && this.#lag !== 'untold')) return
    // The receipt of an own push goes first: it moves the client to where the frame ends.
    await subscriber.own.answered()
    // Reading took its time, in which the right may have been taken.
    const isKnown = await this.#mayRead(subscriber)
    if (this.#isOver) return
    if (change && isKnown) this.#cursor = { ...(this.#cursor as Cursor), since: change.to, after: change.to }
    if (isSlow && this.#lag !== 'none') {
      this.#lag = 'untold'
      this.#lookLater()
      return
    }
    if (isSlow) slowReaders.add('hinted')
    this.#lag = isSlow ? 'hinted' : 'none'
    this.#send((isKnown ? change?.frame : undefined) ?? HINT)
  }

  async #read(subscriber: Subscriber, isWanted: boolean): Promise<ReadFrame | undefined> {
    const cursor = this.#cursor as Cursor
    // It stands where it stood; a pull may have more luck.
    const unread: ReadFrame = { to: cursor.since, frame: undefined }
    try {
      if (!(await this.#mayRead(subscriber))) return unread
      return this.#isOver ? undefined : await this.#services.frames.read({ subscriber, cursor, isWanted })
    } catch (thrown) {
      return this.#endIfRefused(thrown) ? undefined : unread
    }
  }

  /** Asks whether the reader still may. Resolves to whether that is known; who may not has been told. */
  async #mayRead({ principal, request }: Subscriber): Promise<boolean> {
    try {
      await this.#services.allow(principal(), request.space, 'read')
      return true
    } catch (thrown) {
      return this.#endIfRefused(thrown)
    }
  }

  #askLater(): void {
    if (this.#isOver) return
    this.#stopAsking = this.#services.clock.after(ASK_EVERY_MS, () => void this.recheck().then(() => this.#askLater()))
  }

  /** Whether it was refused; anything else that fails may be better the next time, and is for the log. */
  #endIfRefused(thrown: unknown): boolean {
    const refused = refusalFor(thrown)
    if (refused.status < 500) this.end(refused)
    else this.#parts.exchange.failure = failureOf(thrown)
    return refused.status < 500
  }

  /** What waits for the reader, less what is left of a message that was sent while nothing did. */
  #unread(): number {
    const { bufferedBytes } = this.#parts.sink
    this.#firstBytes = Math.min(this.#firstBytes, bufferedBytes)
    return bufferedBytes - this.#firstBytes
  }

  #send({ text, utf8 }: EncodedText): void {
    const { sink, exchange } = this.#parts
    exchange.bytes += utf8.byteLength
    exchange.operations = (exchange.operations ?? 0) + 1
    const isFirst = sink.bufferedBytes === 0
    sink.send(text, utf8)
    if (isFirst) this.#firstBytes = sink.bufferedBytes
  }

  #lookLater(): void {
    this.#stopClock()
    this.#stopClock = this.#services.clock.after(LOOK_EVERY_MS, () => this.#changed())
  }
}

export const TOO_SLOW: RefusedRequest = {
  status: 503,
  refusal: refusalOf('unavailable', `The reader is too slow: more than ${MOST_BUFFERED_BYTES} bytes wait for it.`, {
    fix: 'Subscribe again, and pull.',
  }),
}
