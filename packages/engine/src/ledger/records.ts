import type { Cursor, Epoch, EpochId, ReplicaId, ReplicaMark, Seq, Strategies, Timestamp } from '@whisker/protocol'

/** The writer that this process is: its id, and how far it has come. */
export interface Slot {
  readonly replica: ReplicaId
  /** The epoch in which the id was taken; it writes in no other. */
  readonly epoch: EpochId | undefined
  /** The counter of the last operation it made. */
  readonly counter: number
  /** The highest time it made or received. */
  readonly clock: Timestamp
  /** The highest time it received or had acknowledged: what a clock that ran ahead falls back to. */
  readonly received: Timestamp
  /** The last operation that the server took, with its check value. */
  readonly acknowledged: ReplicaMark
}

/** What is known of the server, and how far this store has followed it. */
export interface Link {
  readonly cursor: Cursor
  readonly seen: Seq
  readonly epochs: readonly Epoch[]
  /** Whether the scan is to bring back what this device wrote itself, too. */
  readonly wantsOwn: boolean
  /** The strategies that the space has on record. */
  readonly strategies: Strategies
  /** When the cursor last stood at the head, in milliseconds since 1970; undefined if it never did. */
  readonly lastSyncAt: number | undefined
  /** The server's clock less this device's, in milliseconds, when last told. */
  readonly clockOffsetMs: number
  /** Whether this device's times are taken with that offset, because its own clock ran ahead. */
  readonly usesOffset: boolean
}

/** Kept across restarts. */
export interface Statistics {
  readonly syncs: number
  readonly lastDurationMs: number
  readonly operationsSent: number
  readonly operationsReceived: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly conflictsSeen: number
  readonly conflictsResolved: number
  readonly errors: number
}

export const NEW_LINK: Link = {
  cursor: { epoch: undefined, since: 0, after: 0 },
  seen: 0,
  epochs: [],
  wantsOwn: false,
  strategies: {},
  lastSyncAt: undefined,
  clockOffsetMs: 0,
  usesOffset: false,
}

export const NEW_STATISTICS: Statistics = {
  syncs: 0,
  lastDurationMs: 0,
  operationsSent: 0,
  operationsReceived: 0,
  bytesSent: 0,
  bytesReceived: 0,
  conflictsSeen: 0,
  conflictsResolved: 0,
  errors: 0,
}
