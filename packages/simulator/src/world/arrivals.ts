/** The order in which messages to one place were sent, and in which they arrive. */
export class Arrivals {
  #sent = 0
  #latest = 0

  /** Gives the next one its number. */
  send(): number {
    return ++this.#sent
  }

  /** Whether one that was sent after it is there already. */
  isOvertaken(number: number): boolean {
    const isLate = number < this.#latest
    if (!isLate) this.#latest = number
    return isLate
  }
}
