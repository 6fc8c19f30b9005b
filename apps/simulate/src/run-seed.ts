import { type Outcome, type Violation, planOf, run, shrink } from '@whisker/simulator'
import type { Broken } from './messages.ts'

/** A run, and what must be so and is not. */
export interface Run {
  readonly outcome: Outcome
  readonly broken: Broken | undefined
}

/** Of the same seed, two runs took two courses: then no failure can be seen again. */
const NOT_THE_SAME = 'M29'

/** Runs a seed. One that breaks no rule is run once more if told so: the second run must leave the same trace. */
export async function runSeed(seed: string, isTwice: boolean): Promise<Run> {
  const outcome = await run(planOf(seed))
  if (outcome.violation || !isTwice) return { outcome, broken: brokenBy(outcome.violation) }
  const { trace } = await run(planOf(seed))
  if (trace === outcome.trace) return { outcome, broken: undefined }
  const message = `${NOT_THE_SAME}: run twice, it left the trace ${outcome.trace} and then ${trace}`
  return { outcome, broken: { rule: NOT_THE_SAME, message } }
}

/** The shortest run found that breaks the same rule. One that only took another course the second time stays as it is. */
export async function shrinkRun(failed: Run, runs: number, onTried: (steps: number) => void): Promise<Run> {
  if (!failed.outcome.violation) return failed
  const outcome = await shrink(failed.outcome, { runs, onProgress: (_tried, { steps }) => onTried(steps.length) })
  return { outcome, broken: brokenBy(outcome.violation) }
}

/** A message to another process would leave out what an error says. */
const brokenBy = (violation: Violation | undefined): Broken | undefined =>
  violation && { rule: violation.rule, message: violation.message }
