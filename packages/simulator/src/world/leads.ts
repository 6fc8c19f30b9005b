import type { SpaceStore } from '@whisker/protocol'
import type { Faults } from './faults.ts'
import type { Process } from './process.ts'

/** For how long a second process may believe that it leads. */
const TOGETHER_MS = 60_000

interface Leader {
  readonly store: SpaceStore
  readonly process: Process
}

/**
 * Who leads a space on one disk: one, as its store has it. As with the locks of browsers, the lead can be taken from a
 * process that stands still or has not noticed, and two may believe to have it.
 */
export class Leads {
  readonly #faults: Faults
  #leader: Leader | undefined
  /** Those that wrongly believe to lead. */
  readonly #believers = new Set<SpaceStore>()
  /** What led and stands still, until another leads. */
  #frozen: Process | undefined

  constructor(faults: Faults) {
    this.#faults = faults
  }

  /** The process that leads. */
  get process(): Process | undefined {
    return this.#leader?.process
  }

  has(store: SpaceStore): boolean {
    return this.#leader?.store === store || this.#believers.has(store)
  }

  /** Asks for the lead; whether this opening is told that it has it. */
  async ask(store: SpaceStore, process: Process): Promise<boolean> {
    const isFree = await store.lead()
    if (!isFree && (this.#believers.has(store) || this.#becomesBeliever(store, process))) return true
    if (!isFree && !(await this.#steals(store))) return false
    if (this.#frozen?.isSuspended === true && this.#frozen !== process) this.#faults.took('lead_frozen')
    this.#frozen = undefined
    this.#leader = { store, process }
    return true
  }

  #becomesBeliever(store: SpaceStore, process: Process): boolean {
    if (!this.#faults.strikes('two_leaders')) return false
    this.#faults.took('two_leaders')
    this.#believers.add(store)
    process.after(this.#faults.dice('two_leaders').below(TOGETHER_MS), () => this.#believers.delete(store))
    return true
  }

  async #steals(store: SpaceStore): Promise<boolean> {
    if (!this.#leader || !this.#faults.strikes('lead_stolen')) return false
    await this.#leader.store.resign()
    const isMine = await store.lead()
    if (isMine) this.#faults.took('lead_stolen')
    return isMine
  }

  /** Whoever asks next takes the lead from this process, which stands still. */
  async depose(process: Process): Promise<void> {
    if (this.#leader?.process !== process) return
    this.#frozen = process
    await this.#leader.store.resign()
  }

  /** An opening that gave the lead up, or is no more. */
  release(store: SpaceStore): void {
    this.#believers.delete(store)
    if (this.#leader?.store === store) this.#leader = undefined
  }
}
