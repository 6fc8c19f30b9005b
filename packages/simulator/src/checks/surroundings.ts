import type { Sent } from './store-checks.ts'

/** What is so around an engine, whatever it tells. */
export interface Surroundings {
  /** What the clock of its device shows. */
  readonly nowMs: () => number
  /** How far that is ahead of the true time. */
  readonly clockAheadMs: () => number
  /** Whether nothing that the server sends is long under way. */
  readonly isWayPrompt: boolean
  /** Whether nobody sets that clock, in this run. */
  readonly isClockKept: boolean
  /** Whether no commit fails, in this run: memory never goes back to what the disk holds. */
  readonly isDiskSound: boolean
  /** Whether no other engine has had the store open since this one has. */
  readonly isAlone: () => boolean
  /** All that was ever stored on its disk. */
  readonly texts: () => ReadonlySet<string>
  /** How many operations the disk has in its outbox. */
  readonly operations: () => number
  /** Whether anything of it has reached neither the server nor `rejected`, where so many are. */
  readonly hasUnsent: (refused: ReadonlySet<string>) => boolean
  /** How many entries have left that outbox, and how many of them were operations. */
  readonly sent: () => Sent
}
