import type { Replay } from './options.ts'
import { runSeed, shrinkRun } from './run-seed.ts'
import { replayCommand, tellRun } from './telling.ts'

/** The most runs in search of a shorter one. */
const SHRINK_RUNS = 600

interface Audience {
  readonly write: (text: string) => void
  /** Shows how far it is, where somebody looks. */
  readonly show: (progress: string) => void
}

/** Tells one run, or the shortest that breaks the same rule. Resolves to whether it breaks none. */
export async function replay({ seed, isShrunk }: Replay, { write, show }: Audience): Promise<boolean> {
  const found = await runSeed(seed, true)
  const told = isShrunk ? await shrinkRun(found, SHRINK_RUNS, (steps) => show(`${steps} steps left`)) : found
  write(`${tellRun(told).join('\n')}\n`)
  const before = found.outcome.plan.steps.length
  const { length } = told.outcome.plan.steps
  if (isShrunk && !found.broken) write('It breaks no rule: there is nothing to shrink.\n')
  if (length < before) write(`Shrunk from ${before} steps to ${length}.\n`)
  write(found.broken ? `Again: ${replayCommand(seed, isShrunk)}\n` : 'A second run left the same trace.\n')
  return !found.broken
}
