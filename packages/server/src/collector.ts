import type { Clock, Limits, SyncStore } from '@whisker/protocol'
import { type CollectedTombstones, collectTombstones } from './collect-tombstones.ts'
import { recountSpace } from './recount.ts'
import { Turns } from './turns.ts'

/** Passes over spaces in the background, as requests come to them: no timer for each. */
export interface Collector {
  /** Begins a pass over a space, unless there was one within the hour. Never throws. */
  visit(space: string): void
  collect(space: string): Promise<CollectedTombstones>
  /** Counts a space anew because somebody found it wrong, unless that was done within the minute. */
  recount(space: string): Promise<void>
  /** Resolves when no pass that `visit` began runs any more. */
  settled(): Promise<void>
}

export interface CollectorServices {
  readonly store: SyncStore
  readonly clock: Clock
  readonly limits: Limits
  /** Whether the server is closing: a pass ends after what it is at. */
  isClosing(): boolean
}

const PASS_EVERY_MS = 3_600_000
/** All of a space is looked at for it. */
const COUNT_EVERY_MS = 24 * 3_600_000
const COUNT_WHEN_ASKED_EVERY_MS = 60_000

export function createCollector(services: CollectorServices): Collector {
  const { store, clock, limits } = services
  const passes = new Turns(clock, PASS_EVERY_MS)
  const counts = new Turns(clock, COUNT_EVERY_MS)
  const askedCounts = new Turns(clock, COUNT_WHEN_ASKED_EVERY_MS)
  const running = new Set<Promise<unknown>>()

  const collect = async (space: string): Promise<CollectedTombstones> =>
    collectTombstones(space, store, { nowMs: clock.now(), retentionMs: limits.retentionMs }, () => services.isClosing())

  async function countIn(turns: Turns, space: string): Promise<void> {
    if (!turns.take(space)) return
    try {
      await recountSpace(space, store)
    } catch (error) {
      turns.giveBack(space)
      throw error
    }
  }

  async function pass(space: string): Promise<void> {
    await countIn(counts, space)
    await collect(space)
  }

  return {
    collect,
    recount: async (space) => countIn(askedCounts, space),
    visit(space) {
      if (services.isClosing() || !passes.take(space)) return
      // Nobody waits for it; what fails now, on a full disk perhaps, is done the next time.
      const begun = pass(space).catch(() => undefined)
      running.add(begun)
      void begun.then(() => running.delete(begun))
    },
    async settled() {
      await Promise.all(running)
    },
  }
}
