import type { Clock, Limits, SyncStore } from '@whisker/protocol'
import { type CollectedTombstones, collectTombstones } from './collect-tombstones.ts'

/** Passes over spaces in the background, as requests come to them: no timer for each. */
export interface Collector {
  /** Begins a pass over a space, unless there was one within the hour. Never throws. */
  visit(space: string): void
  collect(space: string): Promise<CollectedTombstones>
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

const EVERY_MS = 3_600_000

export function createCollector(services: CollectorServices): Collector {
  const { store, clock, limits } = services
  /** When each space was visited last, the oldest first. */
  const visits = new Map<string, number>()
  const running = new Set<Promise<unknown>>()

  const collect = async (space: string): Promise<CollectedTombstones> =>
    collectTombstones(space, store, { nowMs: clock.now(), retentionMs: limits.retentionMs }, () => services.isClosing())

  function forgetOld(nowMs: number): void {
    for (const [space, atMs] of visits) {
      // A clock that was put back has to begin anew.
      if (Math.abs(nowMs - atMs) <= EVERY_MS) return
      visits.delete(space)
    }
  }

  return {
    collect,
    visit(space) {
      const nowMs = clock.now()
      forgetOld(nowMs)
      if (visits.has(space) || services.isClosing()) return
      visits.set(space, nowMs)
      // Nobody waits for it; what fails now, on a full disk perhaps, is done the next time.
      const pass = collect(space).catch(() => undefined)
      running.add(pass)
      void pass.then(() => running.delete(pass))
    },
    async settled() {
      await Promise.all(running)
    },
  }
}
