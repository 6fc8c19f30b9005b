import type { LiveFrame, Subscription, SubscriptionListener, Transport } from '@whisker/protocol'
import type { Core } from '../core.ts'
import type { SpacePresence } from '../presence.ts'
import { positionOf } from './position.ts'

/** What the feed tells the loop. */
export interface FeedEvents {
  /** The connection came or went. */
  readonly connected: (isConnected: boolean) => void
  /** Frames wait to be taken. */
  readonly frames: () => void
  /** Something changed, and only a pull brings it. */
  readonly hint: () => void
}

/** While a round runs, frames wait. With more than this a pull is the shorter way. */
const MOST_FRAMES = 64

/** What a live transport tells: whether it is connected, and frames that wait until they are taken. */
export class LiveFeed {
  isConnected = false
  /** The connection was lost, and no round went well since: nobody knows whether there is a way to the server. */
  isCutOff = false
  readonly #core: Core
  readonly #transport: Transport | undefined
  readonly #presence: SpacePresence
  readonly #events: FeedEvents
  /** Of the subscription that counts: what others still tell is not heard. */
  #listener: SubscriptionListener | undefined
  #subscription: Subscription | undefined
  #isLost = false
  #frames: LiveFrame[] = []
  #connection = 0
  #caughtUpIn = 0

  constructor(core: Core, transport: Transport | undefined, presence: SpacePresence, events: FeedEvents) {
    this.#core = core
    this.#transport = transport
    this.#presence = presence
    this.#events = events
  }

  /** Counts the times that the connection came. */
  get connection(): number {
    return this.#connection
  }

  /** A round that began in this connection went well. */
  caughtUp(connection: number): void {
    this.#caughtUpIn = connection
    this.isCutOff = false
  }

  /**
   * Whether frames may be believed to be of the history that the cursor stands in: they do not name their epoch, and
   * after a restored server another history has the same numbers. A round of the same connection has asked.
   */
  get isCaughtUp(): boolean {
    return this.isConnected && this.#caughtUpIn === this.#connection
  }

  get hasFrames(): boolean {
    return this.#frames.length > 0
  }

  take(): readonly LiveFrame[] {
    const frames = this.#frames
    this.#frames = []
    return frames
  }

  /** Subscribes, unless it has. `isAnew`: also if the connection of the last subscription was lost. */
  subscribe(isAnew: boolean): void {
    // It may have been refused for where this store stood then.
    if (this.#isLost && isAnew) this.unsubscribe()
    if (this.#listener) return
    const listener: SubscriptionListener = {
      changed: (frame) => this.#listener === listener && this.#changed(frame),
      connected: (isConnected) => this.#listener === listener && this.#connected(isConnected),
      present: (members) => this.#listener === listener && this.#presence.present(members),
    }
    this.#listener = listener
    this.#subscription = this.#transport?.subscribe?.(positionOf(this.#core), listener)
  }

  unsubscribe(): void {
    this.#subscription?.close()
    this.#subscription = undefined
    this.#listener = undefined
    this.isConnected = false
    this.isCutOff = false
    this.#isLost = false
    this.#frames = []
    this.#presence.connected(undefined)
  }

  #changed(frame: LiveFrame | undefined): void {
    if (frame && this.#frames.length < MOST_FRAMES) {
      this.#frames.push(frame)
      this.#events.frames()
      return
    }
    this.#frames = []
    this.#events.hint()
  }

  #connected(isConnected: boolean): void {
    this.isCutOff = !isConnected && (this.isCutOff || this.isConnected)
    this.isConnected = isConnected
    this.#isLost = !isConnected
    if (isConnected) this.#connection++
    this.#presence.connected(isConnected ? this.#subscription : undefined)
    this.#events.connected(isConnected)
  }
}
