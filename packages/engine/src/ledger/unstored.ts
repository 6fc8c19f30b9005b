import type { LocalDocument } from './document.ts'
import type { Outcome } from './outcome.ts'
import { NO_STATISTICS, type Statistics, addStatistics } from './records.ts'
import type { Rename } from './rename.ts'

/** What in memory differs from the store: rows by their keys, and what is owed to somebody once they are on disk. */
export class Unstored {
  readonly documents: Set<LocalDocument> = new Set()
  readonly outbox: Set<number> = new Set()
  readonly rejected: Set<string> = new Set()
  readonly records: Set<string> = new Set()
  /** Records that are stored with whatever is stored next: no transaction is worth them alone. */
  readonly notes: Set<string> = new Set()
  /** Refused operations that the app let go of. */
  readonly discarded: Set<string> = new Set()
  /** Acknowledged operations; told once the acknowledgement is on disk. */
  acknowledged: Outcome[] = []
  /** The outcomes of acknowledged outbox items, in case they come back. */
  readonly removed: Map<number, Outcome> = new Map()
  /** The outcomes of stored operations that a later one made void, in case that one does not get on disk. */
  readonly overtaken: Map<number, Outcome> = new Map()
  /** New names that hold once they are on disk. */
  readonly renames: Rename[] = []
  counted: Statistics = NO_STATISTICS

  /** Whether nothing is worth a transaction. */
  get isEmpty(): boolean {
    return this.documents.size + this.outbox.size + this.rejected.size + this.records.size === 0
  }

  /** Nothing more will come that the notes could travel with. */
  includeNotes(): void {
    for (const name of this.notes) this.records.add(name)
  }

  /** Puts what did not get on disk before what has come since then. */
  precede(earlier: Unstored): void {
    for (const name of ['documents', 'outbox', 'rejected', 'records', 'notes', 'discarded'] as const) {
      const set: Set<unknown> = this[name]
      for (const key of earlier[name]) set.add(key)
    }
    this.acknowledged = [...earlier.acknowledged, ...this.acknowledged]
    for (const [position, outcome] of earlier.removed) this.removed.set(position, outcome)
    for (const [position, outcome] of earlier.overtaken) this.overtaken.set(position, outcome)
    this.renames.unshift(...earlier.renames)
    this.counted = addStatistics(this.counted, earlier.counted)
  }
}
