import type { Clock, Random } from '@whisker/protocol'
import { TokenBucket } from './token-bucket.ts'

/** Nobody is sent away for longer, however many wait. */
const MOST_WAIT_MS = 60_000
/** How far those are spread who would come in the same moment. */
const SPREAD_MS = 1000

/**
 * Lets so many in a second. Of the others each is told a place of its own in the time to come, so that a herd comes back
 * one by one. Nobody is remembered: whoever comes early takes a place anew.
 */
export class Admission {
  readonly #bucket: TokenBucket
  readonly #perSecond: number
  readonly #clock: Clock
  readonly #random: Random
  /** The last place that somebody was told. */
  #placeMs = 0

  constructor(perSecond: number, clock: Clock, random: Random) {
    this.#bucket = new TokenBucket(perSecond, perSecond, clock)
    this.#perSecond = perSecond
    this.#clock = clock
    this.#random = random
  }

  /** 0 for whoever may come in, else after how many milliseconds to come again. */
  take(): number {
    if (this.#bucket.take(1) === 0) return 0
    const nowMs = this.#clock.now()
    const mostMs = nowMs + MOST_WAIT_MS
    const placeMs = Math.max(this.#placeMs, nowMs + SPREAD_MS) + 1000 / this.#perSecond
    this.#placeMs = Math.min(placeMs, mostMs)
    const jitterMs = this.#random.fraction() * (placeMs < mostMs ? SPREAD_MS : -MOST_WAIT_MS / 2)
    return Math.ceil(this.#placeMs - nowMs + jitterMs)
  }
}
