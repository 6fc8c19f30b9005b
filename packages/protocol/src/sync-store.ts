import type { CheckValue } from './check-value.ts'
import type { Timestamp } from './clock.ts'
import type { Digest } from './digest.ts'
import type { Device, Epoch, ReplicaMark, Seq } from './messages.ts'
import type { DeviceId, EpochId, ReplicaId } from './identity.ts'
import type { Strategy } from './strategy.ts'
import type { VersionVector } from './version-vector.ts'

/**
 * The server's store: many spaces, each of them one line of changes. It knows rows and texts; what
 * they mean is the server's business. One server at a time holds a store.
 */
export interface SyncStore {
  /** A server starts: its epoch is recorded for every space, with the head that the space has now. */
  begin(epoch: EpochId): Promise<void>
  /**
   * Runs `work` as the only writer of the space, all or nothing. Resolves only after what it put is on
   * disk; many writes may share one commit, and one that throws takes nothing of the others with it.
   * `work` must wait for nothing but the transaction.
   */
  write<T>(space: string, work: (transaction: SpaceTransaction) => Promise<T>): Promise<T>
  /** Runs `work` on one snapshot of the space. It must wait for nothing but the reader. */
  read<T>(space: string, work: (reader: SpaceReader) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface SpaceReader {
  /** A space that nobody has written yet has a record too, with nothing in it. */
  space(): Promise<SpaceRecord>
  /** Those of the replicas that are known. */
  replicas(ids: readonly ReplicaId[]): Promise<readonly ReplicaRow[]>
  /** All that are known, by id. */
  allReplicas(): Promise<readonly ReplicaRow[]>
  /** When a device was revoked, in milliseconds since 1970; undefined if it never was. */
  revokedAt(device: DeviceId): Promise<number | undefined>
  /** The check values that are kept of a replica's operations, from a counter on, rising. */
  checks(replica: ReplicaId, from: number): Promise<readonly ReplicaMark[]>
  /** The rows of those of the documents that have one. */
  documents(keys: readonly DocumentKey[]): Promise<readonly SyncRow[]>
  /** The first rows, by rising seq, of what changed after `after`. */
  changedAfter(after: Seq, limit: number): Promise<readonly SyncRow[]>
  /** The first tombstones, by rising seq, up to a seq. */
  tombstones(upTo: Seq, limit: number): Promise<readonly SyncRow[]>
  /** The highest seq, up to one, of a tombstone that last changed before a time; 0 if there is none. */
  lastTombstone(upTo: Seq, beforeMs: number): Promise<Seq>
  /** The texts of the states of rows that were read in this transaction, in their order. */
  states(rows: readonly SyncRow[]): Promise<readonly string[]>
  /** What the tails of rows that were read in this transaction hold after a seq, in their order. */
  tails(requests: readonly TailRequest[]): Promise<readonly (readonly TailEntry[])[]>
}

export interface SpaceTransaction extends SpaceReader {
  /** Puts what a request came to. The space comes into being with its first. */
  put(changes: SpaceChanges): Promise<void>
}

export interface SpaceRecord {
  /** Whether anything was ever put. */
  readonly exists: boolean
  readonly head: Seq
  /** All starts of a server on this store, oldest first; those before the space came into being began at 0. */
  readonly epochs: readonly Epoch[]
  readonly strategies: readonly RecordedStrategy[]
  /** The highest time of any operation that the space was given. */
  readonly highestTime: Timestamp
  /** Tombstones up to this seq were collected. */
  readonly collected: Seq
  readonly usage: Usage
  /** Of the rows that are no tombstones. */
  readonly digest: Digest
}

/** What a space takes up; what a quota is compared with. */
export interface Usage {
  /** Rows, tombstones among them. */
  readonly documents: number
  /** Their states and tails, in bytes of text. */
  readonly bytes: number
}

export interface RecordedStrategy {
  readonly collection: string
  readonly strategy: Strategy
  /** The change with which it was recorded. */
  readonly seq: Seq
}

export interface ReplicaRow {
  readonly replica: ReplicaId
  /** Who first used the id; nobody else may. */
  readonly principal: string
  readonly device: Device
  readonly last: ReplicaMark
  /** When it last pushed or pulled, in milliseconds since 1970. */
  readonly seenMs: number
  /** The `since` that it last presented. */
  readonly since: Seq
  /** Whether it was silent for longer than the retention: it must take another id, and holds back no tombstone. */
  readonly isRetired: boolean
}

export interface DocumentKey {
  readonly collection: string
  readonly document: string
}

/**
 * A document without its contents: those are a state as of `tailStart`, and the tail of operations after it. They are
 * kept apart, so that an edit of a large document costs an append.
 */
export interface SyncRow extends DocumentKey {
  /** The seq of its last change. */
  readonly seq: Seq
  /** The seq of the newest operation that is no longer in the tail. */
  readonly tailStart: Seq
  readonly stateBytes: number
  readonly tailBytes: number
  /** The version of the state with the tail applied. */
  readonly version: VersionVector
  /** Of a deleted document: when its row last changed, in milliseconds since 1970. Undefined while any of its edits stands. */
  readonly tombstoneMs: number | undefined
}

export interface TailRequest {
  readonly row: SyncRow
  readonly after: Seq
}
export interface TailEntry {
  readonly seq: Seq
  readonly replica: ReplicaId
  readonly counter: number
  readonly text: string
}

export interface SpaceChanges {
  readonly head: Seq
  readonly highestTime: Timestamp
  readonly collected: Seq
  readonly usage: Usage
  readonly digest: Digest
  /** Newly recorded ones. */
  readonly strategies: readonly RecordedStrategy[]
  readonly replicas: readonly ReplicaChange[]
  readonly documents: readonly DocumentChange[]
  /** Rows to remove, with their states and tails. */
  readonly removed: readonly DocumentKey[]
  readonly revoked: readonly RevokedDevice[]
}

/** A device that may no longer read or write the space. */
export interface RevokedDevice {
  readonly device: DeviceId
  readonly atMs: number
}

export interface ReplicaChange {
  readonly row: ReplicaRow
  /** The check values of newly taken operations, rising. */
  readonly checks: readonly { readonly counter: number; readonly check: CheckValue }[]
  /** Check values up to this counter are no longer needed. */
  readonly forgetUpTo: number
}

export interface DocumentChange {
  /** The row as it is from now on. Tail entries up to its `tailStart` are dropped. */
  readonly row: SyncRow
  /** The new state's text; undefined leaves it as it is. */
  readonly state: string | undefined
  /** Operations to append to the tail. */
  readonly appended: readonly TailEntry[]
}
