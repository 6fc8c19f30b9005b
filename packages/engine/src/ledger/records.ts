import type { Cursor, Epoch, EpochId, ReplicaId, ReplicaMark, Seq, Strategies, Timestamp } from '@whisker/protocol'

/** One writer of this store: its replica id, and how far it has come. Written by the opening that holds the slot. */
export interface Slot {
  readonly replica: ReplicaId
  /** The epoch in which the id was taken; it writes in no other. */
  readonly epoch: EpochId | undefined
  /** The counter of the last operation it made. */
  readonly counter: number
  /** The highest time it made, unless all have fallen back since then. */
  readonly clock: Timestamp
  /** How often all clocks of the store had fallen back when that time was made. */
  readonly fallbacks: number
  /** The last place in the outbox that it took: no place is taken twice. */
  readonly position: number
  /** How often it asked whoever leads for a round. */
  readonly asked: number
}

/** What is known of the server, and how far this store has followed it. Written by the opening that leads. */
export interface Link {
  readonly cursor: Cursor
  readonly seen: Seq
  readonly epochs: readonly Epoch[]
  /** By replica: the last operation that the server took, with its check value. */
  readonly acknowledged: Readonly<Record<ReplicaId, ReplicaMark>>
  /** The highest time that was received or acknowledged: what a clock that ran ahead falls back to. */
  readonly received: Timestamp
  /** How often everything pending took new times. */
  readonly fallbacks: number
  /** Whether the scan is to bring back what this device wrote itself, too. */
  readonly wantsOwn: boolean
  /** Which scan from the start this is, or was last; a document that none of its pages held is gone when it ends. */
  readonly scan: number
  /** What is being done about a difference from the server: it counts anew; all is scanned anew; what it lacked is offered. */
  readonly repair: 'none' | 'recount' | 'scan' | 'compare'
  /** When a repair began last, in milliseconds since 1970; undefined if none did. */
  readonly repairedAt: number | undefined
  /** The server's tombstones up to this seq are gone, and so are the ones here. */
  readonly collected: Seq
  /** The strategies that the space has on record. */
  readonly strategies: Strategies
  /** When the cursor last stood at the head, in milliseconds since 1970; undefined if it never did. */
  readonly lastSyncAt: number | undefined
  /** The server's clock less this device's, in milliseconds, when last told. */
  readonly clockOffsetMs: number
  /** Whether this device's times are taken with that offset, because its own clock ran ahead. */
  readonly usesOffset: boolean
  /** How many documents the store holds; undefined where nobody has counted. */
  readonly rows: number | undefined
  /** Whether there were fewer when the store was opened, and that is not made good yet. */
  readonly lacksRows: boolean
}

/**
 * Which opening talks to the server. It is taken with a commit, so that one which lost it without noticing cannot
 * commit anything more as the leader; nobody else knows what was handed to a transport.
 */
export interface Lead {
  readonly opening: string | undefined
}

/** How the last round of whoever leads ended. */
export interface LastRound {
  /** The store's revision when it began: what was committed up to there it has sent. */
  readonly revision: number
  readonly pushed: number
  readonly pulled: number
  readonly durationMs: number
  readonly error: { readonly code: string; readonly message: string; readonly fix: string | undefined } | undefined
  readonly attempt: number
  readonly nextRetryAt: number | undefined
  readonly isLive: boolean
}

/** Whether two rounds tell the same to whoever did not run them. */
export const isSameOutcome = (a: LastRound | undefined, b: LastRound): boolean =>
  a?.error?.code === b.error?.code && a?.attempt === b.attempt && a?.isLive === b.isLive

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
  /** How often this device and the server were found to hold different documents, and to hold the same after a repair. */
  readonly mismatchesSeen: number
  readonly mismatchesRepaired: number
  readonly errors: number
}

/** The name of a slot's record in the store. */
export const slotName = (slot: number): string => `slot:${slot}`

export const newSlot = (replica: ReplicaId, epoch: EpochId | undefined): Slot => ({
  replica,
  epoch,
  counter: 0,
  clock: 0,
  fallbacks: 0,
  position: 0,
  asked: 0,
})

export const NEW_LINK: Link = {
  cursor: { epoch: undefined, since: 0, after: 0 },
  seen: 0,
  epochs: [],
  acknowledged: {},
  received: 0,
  fallbacks: 0,
  wantsOwn: false,
  scan: 0,
  repair: 'none',
  repairedAt: undefined,
  collected: 0,
  strategies: {},
  lastSyncAt: undefined,
  clockOffsetMs: 0,
  usesOffset: false,
  rows: undefined,
  lacksRows: false,
}

export const NO_STATISTICS: Statistics = {
  syncs: 0,
  lastDurationMs: 0,
  operationsSent: 0,
  operationsReceived: 0,
  bytesSent: 0,
  bytesReceived: 0,
  conflictsSeen: 0,
  conflictsResolved: 0,
  mismatchesSeen: 0,
  mismatchesRepaired: 0,
  errors: 0,
}

export function addStatistics(a: Statistics, b: Partial<Statistics>, sign: 1 | -1 = 1): Statistics {
  const sum = { ...a }
  for (const [name, by] of Object.entries(b)) sum[name as keyof Statistics] += sign * by
  return sum
}
