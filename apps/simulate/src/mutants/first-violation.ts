import type { Broken } from '../messages.ts'
import { WorkerProcess } from '../worker-process.ts'
import { CANNOT_LOAD } from './cannot-load.ts'

const WORKER = new URL('./mutant-worker.ts', import.meta.url)
/** A seed that runs for longer does not end at all; the slowest takes a few seconds. */
const LONGEST_SEED_MS = 60_000

export interface SeedRange {
  readonly from: number
  readonly count: number
}

/** A seed that broke a rule, or the process: then the rule is `crash` or `hang`. */
export interface FoundViolation extends Broken {
  readonly seed: number
}

/**
 * The first of some seeds for which the product, with a mutant if one is named, does not hold. Throws if it cannot even
 * be loaded: a mutant that does not fit its source is not one that was caught.
 */
export async function firstViolation(
  mutant: string | undefined,
  { from, count }: SeedRange,
): Promise<FoundViolation | undefined> {
  const worker = new WorkerProcess(WORKER, LONGEST_SEED_MS, mutant === undefined ? [] : [mutant])
  try {
    for (let seed = from; seed < from + count; seed++) {
      const said = await worker.perform({ do: 'run', seed: String(seed), isTwice: false })
      if (said.did === 'shrink') throw new Error('A worker that was asked to run a seed has shrunk one.')
      if (said.did === 'run') {
        if (said.report.broken) return { seed, ...said.report.broken }
        continue
      }
      if (said.code === CANNOT_LOAD) {
        throw new Error(`The product does not load with the mutant ${mutant ?? 'none'}: ${said.message}`)
      }
      return { seed, rule: said.did, message: said.message }
    }
    return undefined
  } finally {
    worker.end()
  }
}
