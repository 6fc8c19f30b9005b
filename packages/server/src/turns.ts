import type { Clock } from '@whisker/protocol'

/** Which spaces had their turn within a while. */
export class Turns {
  readonly #clock: Clock
  readonly #everyMs: number
  /** When each space had its last, the oldest first. */
  readonly #taken = new Map<string, number>()

  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock
    this.#everyMs = everyMs
  }

  /** Whether it is a space's turn; if so, the next is a while from now. */
  take(space: string): boolean {
    const nowMs = this.#clock.now()
    this.#forgetOld(nowMs)
    if (this.#taken.has(space)) return false
    this.#taken.set(space, nowMs)
    return true
  }

  /** What was done in it did not come through: the next who asks has it. */
  giveBack(space: string): void {
    this.#taken.delete(space)
  }

  #forgetOld(nowMs: number): void {
    for (const [space, atMs] of this.#taken) {
      // A clock that was put back has to begin anew.
      if (Math.abs(nowMs - atMs) <= this.#everyMs) return
      this.#taken.delete(space)
    }
  }
}
