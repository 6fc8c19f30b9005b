import { SyncError } from './errors.ts'

/**
 * A hybrid logical clock in one safe integer: milliseconds since 2020-01-01 UTC × 4096 + a counter.
 * Adding 1 at the end of a millisecond's counter spills into the milliseconds by itself.
 *
 * After Kulkarni, Demirbas et al., "Logical Physical Clocks" (2014).
 */
export type Timestamp = number

export const CLOCK_EPOCH_MS = 1_577_836_800_000
const TICKS_PER_MS = 4096
/** The wall clock's share ends 49 days before the safe integers do, which leaves the counter room to rise. */
const LAST_WALL_MS = 2 ** 41 - 2 ** 32

/** The timestamp of a wall-clock time; before 2020 (and what is no time) counts as 0, after 2089 as the end. */
export const timestampAt = (wallMs: number): Timestamp =>
  Math.min(Math.max(0, Math.floor(wallMs || 0) - CLOCK_EPOCH_MS), LAST_WALL_MS) * TICKS_PER_MS

/** The wall-clock time of a timestamp, in milliseconds since 1970. */
export const wallTimeOf = (timestamp: Timestamp): number => Math.floor(timestamp / TICKS_PER_MS) + CLOCK_EPOCH_MS

/** The next timestamp of a replica whose highest, sent or received, was `last`: always above it. */
export function nextTimestamp(last: Timestamp, wallMs: number): Timestamp {
  const next = Math.max(last + 1, timestampAt(wallMs))
  if (next > Number.MAX_SAFE_INTEGER) throw new SyncError('clock_ahead', 'The logical clock has reached its end.')
  return next
}

/** The clock of a replica after it has received `remote`. */
export const receiveTimestamp = (last: Timestamp, remote: Timestamp): Timestamp => Math.max(last, remote)
