import type { Clock } from '@whisker/protocol'

interface Planned {
  readonly at: number
  readonly task: () => void
}

/** A clock that moves only when it is told to. */
export class FakeClock implements Clock {
  #nowMs: number
  /** What it shows besides, since it was set. */
  #offsetMs = 0
  readonly #planned: Set<Planned> = new Set()

  constructor(nowMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs + this.#offsetMs
  }

  /** Somebody sets it: what is planned is due when it would have been. */
  jump(ms: number): void {
    this.#offsetMs += ms
  }

  after(delayMs: number, task: () => void): () => void {
    const planned = { at: this.#nowMs + delayMs, task }
    this.#planned.add(planned)
    return () => void this.#planned.delete(planned)
  }

  /** How many tasks wait for their time. */
  get planned(): number {
    return this.#planned.size
  }

  /** Goes on by `ms`, running what falls due on the way, in order. */
  advance(ms: number): void {
    const end = this.#nowMs + ms
    for (;;) {
      const [next] = [...this.#planned].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
      if (!next) break
      this.#planned.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.at)
      next.task()
    }
    this.#nowMs = end
  }
}
