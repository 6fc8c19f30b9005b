import type { Clock, Random } from '@whisker/protocol'

/** Late in 2025, so that hybrid times are as large as in life. */
export const START_MS = 1_764_000_000_000

export interface ManualClock extends Clock {
  advance(ms: number): void
  /** How many timers wait. */
  readonly waiting: number
}

/** A clock that stands until it is moved. */
export function manualClock(startMs: number = START_MS): ManualClock {
  let nowMs = startMs
  const timers = new Set<{ readonly atMs: number; readonly task: () => void }>()
  return {
    now: () => nowMs,
    after(delayMs, task) {
      const timer = { atMs: nowMs + delayMs, task }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance(ms) {
      nowMs += ms
      for (const timer of [...timers].filter(({ atMs }) => atMs <= nowMs)) {
        timers.delete(timer)
        timer.task()
      }
    },
    get waiting() {
      return timers.size
    },
  }
}

/** Chance that is the same in every run. */
export function seededRandom(seed: number): Random {
  let state = seed
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state >>> 8
  }
  return { bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff), fraction: () => next() / 2 ** 24 }
}
