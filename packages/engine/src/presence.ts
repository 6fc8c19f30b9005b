import {
  type Clock,
  type JsonValue,
  type Member,
  PRESENCE_BYTES,
  type Subscription,
  SyncError,
  deepFreeze,
  toJson,
  utf8Length,
} from '@whisker/protocol'
import { callSafely } from './events.ts'

/** Who else is connected to the space now, and what they show. Nothing of it is ever stored. */
export interface Presence {
  /** Whether others can be seen, and see this one: only on a live connection, and only in the opening that leads. */
  readonly isAvailable: boolean
  /**
   * What the others see from now on, whenever there is a connection; undefined or null for nothing. Any JSON of at most
   * 4 KiB, else `invalid_value`. Of several within a tenth of a second, the last counts.
   */
  show(value: JsonValue | undefined): void
  /** The others who show something; the same reference until that changes, and none without a connection. */
  members(): readonly Member[]
  /** Calls back when `members` or `isAvailable` changed; returns what ends it. */
  subscribe(listener: (members: readonly Member[]) => void): () => void
}

const SHOW_MS = 100
const NOBODY: readonly Member[] = []

export class SpacePresence implements Presence {
  #subscription: Subscription | undefined
  #members = NOBODY
  /** Whether it is known who is there. */
  #isHeard = false
  /** Undefined until there is anything to tell. */
  #shown: { readonly value: JsonValue | undefined } | undefined
  #isTold = true
  /** While it is there, something has just been shown. */
  #cancelTimer: (() => void) | undefined
  readonly #clock: Clock
  readonly #listeners: Set<() => void> = new Set()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isAvailable(): boolean {
    return this.#isHeard && this.#subscription?.show !== undefined
  }

  show(value: JsonValue | undefined): void {
    const shown = value === undefined ? undefined : toJson(value)
    const bytes = shown === undefined ? 0 : utf8Length(JSON.stringify(shown))
    if (bytes > PRESENCE_BYTES) {
      throw new SyncError('invalid_value', `A presence of ${bytes} bytes; at most ${PRESENCE_BYTES} can be shown.`, {
        fix: 'Show an id or a position, and keep what is large in a document.',
      })
    }
    this.#shown = { value: shown ?? undefined }
    this.#isTold = false
    this.#tell()
  }

  members(): readonly Member[] {
    return this.#members
  }

  subscribe(listener: (members: readonly Member[]) => void): () => void {
    const own = (): void => listener(this.#members)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** A connection came, which knows of nothing or of what was shown long ago; or undefined: it is gone. */
  connected(subscription: Subscription | undefined): void {
    const { isAvailable } = this
    const members = this.#members
    this.#subscription = subscription
    this.#members = NOBODY
    this.#isHeard = false
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#isTold = this.#shown === undefined
    this.#tell()
    if (members.length > 0 || isAvailable !== this.isAvailable) this.#notify()
  }

  present(members: readonly Member[]): void {
    if (this.#isHeard && members.length + this.#members.length === 0) return
    this.#isHeard = true
    this.#members = Object.freeze(members.map((one) => Object.freeze({ ...one, value: deepFreeze(one.value) })))
    this.#notify()
  }

  #tell(): void {
    const subscription = this.#subscription
    if (!subscription?.show || this.#isTold || this.#cancelTimer) return
    this.#isTold = true
    this.#cancelTimer = this.#clock.after(SHOW_MS, () => {
      this.#cancelTimer = undefined
      this.#tell()
    })
    subscription.show(this.#shown?.value)
  }

  #notify(): void {
    for (const listener of Array.from(this.#listeners)) callSafely(listener)
  }
}
