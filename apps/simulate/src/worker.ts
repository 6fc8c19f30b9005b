import type { Message, Report, Shrunk, Task } from './messages.ts'
import { runSeed, shrinkRun } from './run-seed.ts'
import { tellRun } from './telling.ts'

const say = (message: Message): void => void process.send?.(message)

process.on('message', (task: Task) => void perform(task))
process.on('disconnect', () => process.exit())
// A Ctrl-C in a terminal reaches every process; the one that started this one ends it.
process.on('SIGINT', () => {})

async function perform(task: Task): Promise<void> {
  if (task.do === 'run') say({ did: 'run', report: await reportOn(task.seed, task.isTwice) })
  else say({ did: 'shrink', shrunk: await shrinkSeed(task.seed, task.runs) })
}

async function reportOn(seed: string, isTwice: boolean): Promise<Report> {
  const { outcome, broken } = await runSeed(seed, isTwice)
  const { events, virtualMs, writes, effects } = outcome
  return { seed, events, virtualMs, writes, effects, broken }
}

async function shrinkSeed(seed: string, runs: number): Promise<Shrunk | undefined> {
  const failed = await runSeed(seed, false)
  if (!failed.broken) return undefined
  const shortest = await shrinkRun(failed, runs, () => say({ did: 'trying' }))
  return { steps: shortest.outcome.plan.steps.length, lines: tellRun(shortest) }
}
