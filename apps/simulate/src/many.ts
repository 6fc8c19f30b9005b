import { Campaign } from './campaign.ts'
import type { Display } from './display.ts'
import { type Entry, newEntry, seedsOf } from './entry.ts'
import { entryFor, keepEntry, lockState, readState } from './kept-state.ts'
import { counted } from './numbers.ts'
import type { Amount, Campaign as Options } from './options.ts'
import { currentRevision } from './revision.ts'
import { progressOf, tellBeginning, tellFailure, tellShrunk, tellTotal } from './telling-many.ts'

/** A seed takes a fraction of a second; one that takes so long does not end. */
const PATIENCE_MS = 120_000
const KEPT_EVERY_MS = 5000

export interface ManyOptions extends Options {
  readonly amount: Amount
}

/** Runs many seeds and keeps what comes of them. Resolves to the exit code. */
export async function runMany(options: ManyOptions, display: Display, nowMs: () => number): Promise<number> {
  const { stateFile, amount, from, workers, isFresh } = options
  const unlock = lockState(stateFile)
  const begunMs = nowMs()
  const revision = currentRevision()
  const state = readState(stateFile)
  const known = isFresh ? undefined : entryFor(state, revision.sources)
  const before: Entry = { ...(known ?? newEntry(revision, '')), revision }
  let keptAt = -Infinity
  const campaign = new Campaign(before, {
    from,
    workers,
    module: new URL('worker.ts', import.meta.url),
    patienceMs: PATIENCE_MS,
    mayBegin: (begun) => ('seeds' in amount ? begun < amount.seeds : nowMs() - begunMs < 60_000 * amount.minutes),
    isSame: () => currentRevision().sources === revision.sources,
    onSeed() {
      if (nowMs() - keptAt >= KEPT_EVERY_MS) keep()
      display.show(progressOf(campaign.entry, eventsPerSecond()))
    },
    onFailure: (failure) => display.write(tellFailure(failure)),
    onShrunk: (failure, shrunk) => display.write(tellShrunk(failure, shrunk)),
  })
  const keep = (): void => {
    keptAt = nowMs()
    const [spentMs, lastRun] = [before.spentMs + keptAt - begunMs, new Date(keptAt).toISOString()]
    keepEntry(stateFile, state, { ...campaign.entry, spentMs, lastRun })
  }
  const end = (): void => {
    campaign.end()
    try {
      keep()
    } finally {
      unlock()
    }
  }
  const eventsPerSecond = (): number => (campaign.entry.events - before.events) / ((nowMs() - begunMs) / 1000)
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(signal, () => {
      let exitCode: number = code
      try {
        end()
        display.write(`Interrupted. ${counted(seedsOf(campaign.entry), 'seed')} kept; the same command goes on.\n`)
      } catch (error) {
        process.stderr.write(`${(error as Error).message}\n`)
        exitCode = 1
      }
      process.exit(exitCode)
    })
  }
  display.write(tellBeginning(before, workers))
  try {
    await campaign.run()
  } finally {
    end()
  }
  if (campaign.stopped !== undefined) display.write(`Stopped: ${campaign.stopped}\n`)
  display.write(tellTotal(campaign.entry, eventsPerSecond()))
  return campaign.entry.failures.length === 0 && campaign.stopped === undefined ? 0 : 1
}
