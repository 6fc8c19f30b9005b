import { type Entry, type Failure, withFailure, withReport, withSteps } from './entry.ts'
import type { Answer, Shrunk } from './messages.ts'
import { nextSeed } from './seed-ranges.ts'
import { type Lost, WorkerProcess } from './worker-process.ts'

/** Every so many seeds, one is run twice. */
const TWICE_EVERY = 50
/** Shrinking takes as long as hundreds of seeds; further failures of a rule mostly have the same cause. */
const SHRUNK_PER_RULE = 3
const SHRINK_RUNS = 150
/** Something is thoroughly broken, and the rest of the seeds would say the same. */
const MOST_FAILURES = 200

export interface CampaignOptions {
  readonly from: number
  readonly workers: number
  /** What a worker process runs. */
  readonly module: URL
  /** How long a seed may take, in real time. */
  readonly patienceMs: number
  /** Whether one more seed may be run, when so many were. */
  readonly mayBegin: (begun: number) => boolean
  /** Whether a process that is started now would run the same sources as those before. */
  readonly isSame: () => boolean
  /** A seed is counted. */
  readonly onSeed: () => void
  readonly onFailure: (failure: Failure) => void
  readonly onShrunk: (failure: Failure, shrunk: Shrunk) => void
}

/** Runs seeds in processes of their own, and adds up what comes of them. */
export class Campaign {
  /** What is known so far. */
  entry: Entry
  /** Why it ended before it was done. */
  stopped: string | undefined
  readonly #options: CampaignOptions
  readonly #underWay = new Set<number>()
  readonly #workers: WorkerProcess[]
  #begun = 0
  #failed = 0
  #isEnded = false

  constructor(entry: Entry, options: CampaignOptions) {
    this.entry = entry
    this.#options = options
    const { workers, module, patienceMs } = options
    this.#workers = Array.from({ length: workers }, () => new WorkerProcess(module, patienceMs))
  }

  async run(): Promise<void> {
    const all = this.#workers.map(async (worker) => {
      try {
        await this.#keepBusy(worker)
      } catch (error) {
        this.end()
        throw error
      }
    })
    // Nobody is still at work when it is told that one has failed.
    await Promise.allSettled(all)
    await Promise.all(all)
  }

  /** Kills all processes; seeds that are under way count as not run. */
  end(): void {
    this.#isEnded = true
    for (const worker of this.#workers) worker.end()
  }

  async #keepBusy(worker: WorkerProcess): Promise<void> {
    for (let seed = this.#begin(); seed !== undefined; seed = this.#begin()) {
      const isTwice = seed % TWICE_EVERY === 0
      const answer = await worker.perform({ do: 'run', seed: String(seed), isTwice })
      if (this.#isEnded) return
      this.#underWay.delete(seed)
      const failure = this.#count(seed, isTwice, answer)
      this.#options.onSeed()
      if (!failure) continue
      this.#options.onFailure(failure)
      if (++this.#failed === MOST_FAILURES) this.stopped = `There were ${MOST_FAILURES} failures.`
      if (answer.did === 'run') await this.#shrink(worker, failure)
    }
  }

  #begin(): number | undefined {
    if (this.#isEnded || this.stopped !== undefined || !this.#options.mayBegin(this.#begun)) return undefined
    let seed = nextSeed(this.entry.done, this.#options.from)
    while (this.#underWay.has(seed)) seed = nextSeed(this.entry.done, seed + 1)
    this.#underWay.add(seed)
    this.#begun++
    return seed
  }

  /** Adds what came of a seed; returns the failure that it was. */
  #count(seed: number, isTwice: boolean, answer: Answer | Lost): Failure | undefined {
    const known = this.entry.failures.length
    if (answer.did === 'run') this.entry = withReport(this.entry, seed, isTwice, answer.report)
    if (answer.did === 'crash' || answer.did === 'hang') {
      this.entry = withFailure(this.entry, seed, { rule: answer.did, message: `${answer.did}: ${answer.message}` })
      if (!this.#options.isSame()) this.stopped = 'The sources have changed since it began.'
    }
    return this.entry.failures[known]
  }

  /** Looks for a shorter way to a failure. */
  async #shrink(worker: WorkerProcess, failure: Failure): Promise<void> {
    const alike = this.entry.failures.filter(({ rule }) => rule === failure.rule)
    if (alike.length > SHRUNK_PER_RULE) return
    const answer = await worker.perform({ do: 'shrink', seed: failure.seed, runs: SHRINK_RUNS })
    if (answer.did !== 'shrink' || !answer.shrunk) return
    this.entry = withSteps(this.entry, failure.seed, answer.shrunk.steps)
    this.#options.onShrunk(failure, answer.shrunk)
  }
}
