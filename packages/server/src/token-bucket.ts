import type { Clock } from '@whisker/protocol'

/** So much a second, and more at once after a while of less. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #most: number
  readonly #clock: Clock
  #left: number
  #atMs: number

  /** It begins full. */
  constructor(perSecond: number, most: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#most = most
    this.#clock = clock
    this.#left = most
    this.#atMs = clock.now()
  }

  /** Takes an amount if it is there, and answers 0; else in how many milliseconds it will be there. */
  take(amount: number): number {
    const nowMs = this.#clock.now()
    // A clock that was put back gives nothing, and takes nothing.
    const passedMs = Math.max(0, nowMs - this.#atMs)
    this.#atMs = nowMs
    this.#left = Math.min(this.#most, this.#left + (passedMs / 1000) * this.#perSecond)
    if (this.#left >= amount) {
      this.#left -= amount
      return 0
    }
    return Math.ceil(((amount - this.#left) / this.#perSecond) * 1000)
  }
}
