import { type Clock, SyncError } from '@whisker/protocol'
import type { Scheduler } from './scheduler.ts'

/** The clock on a device's wall: what it shows may be wrong, however evenly time passes. */
export class WallClock {
  /** What it shows while it stands still. */
  frozenAtMs: number | undefined
  readonly #scheduler: Scheduler
  #offsetMs = 0

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** Ahead of the true time, in milliseconds. */
  get offsetMs(): number {
    return this.#offsetMs
  }

  set offsetMs(ms: number) {
    if (!Number.isFinite(ms)) throw new SyncError('invalid_options', `A clock is off by milliseconds, not ${ms}.`)
    this.#offsetMs = ms
  }

  now(): number {
    return this.frozenAtMs ?? Math.floor(this.#scheduler.nowMs + this.#offsetMs)
  }
}

/**
 * One process of a device or of the server. When it ends, whatever it was waiting for never comes: its code stops at
 * the next `await` of anything outside it.
 */
export class Process {
  readonly clock: Clock
  readonly #scheduler: Scheduler
  readonly #ends = new Set<() => void>()
  readonly #standstills = new Set<() => void>()
  #isAlive = true
  #held: (() => void)[] | undefined
  #suspensions = 0
  #suspendedMs = 0

  constructor(scheduler: Scheduler, wall: WallClock) {
    this.#scheduler = scheduler
    this.clock = { now: () => wall.now(), after: (delayMs, task) => this.after(delayMs, task) }
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get isSuspended(): boolean {
    return this.#held !== undefined
  }

  /** Runs a task of this process after a delay, if it still is there; returns what cancels it. */
  after(delayMs: number, task: () => void): () => void {
    return this.#scheduler.after(delayMs, () => this.run(task))
  }

  /** Runs what reached this process from outside: now, when it goes on, or never. */
  run(task: () => void): void {
    if (!this.#isAlive) return
    if (this.#held) this.#held.push(task)
    else task()
  }

  /** Resolves after a delay; never once the process has ended. */
  async pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve)
    })
  }

  /** Stops running, as a laptop does when its lid closes. It goes on when it was resumed as often. */
  suspend(): void {
    this.#suspensions++
    if (this.#held) return
    this.#held = []
    this.#suspendedMs = this.#scheduler.nowMs
    for (const listener of this.#standstills) listener()
  }

  /** For how long it has not been running, in milliseconds. */
  get standsStillMs(): number {
    return this.#held ? this.#scheduler.nowMs - this.#suspendedMs : 0
  }

  resume(): void {
    if (--this.#suspensions <= 0) this.wake()
  }

  /** Goes on, whatever held it: all that fell due meanwhile happens now, in order. */
  wake(): void {
    this.#suspensions = 0
    const held = this.#held ?? []
    this.#held = undefined
    for (const task of held) this.after(0, task)
  }

  /** Calls back when the process ends; returns what forgets it. */
  onEnd(listener: () => void): () => void {
    this.#ends.add(listener)
    return () => this.#ends.delete(listener)
  }

  /** Calls back each time that it stops running; returns what forgets it. */
  onSuspend(listener: () => void): () => void {
    this.#standstills.add(listener)
    return () => this.#standstills.delete(listener)
  }

  /** Resolves when it has ended. */
  get ended(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isAlive) this.onEnd(resolve)
      else resolve()
    })
  }

  end(): void {
    if (!this.#isAlive) return
    this.#isAlive = false
    this.#held = undefined
    for (const listener of this.#ends) listener()
  }
}
