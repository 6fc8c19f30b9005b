import type { CheckValue } from './check-value.ts'
import type { Digest } from './digest.ts'
import type { DocumentState } from './document-state.ts'
import type { DeviceId, Dot, EpochId, ReplicaId } from './identity.ts'
import type { Operation, Void } from './operation.ts'
import type { Strategy } from './strategy.ts'

/** The version of the wire that this package speaks. */
export const PROTOCOL_VERSION = 1

/** A place in a space's sequence: 0 before everything, then one for each change, without gaps. */
export type Seq = number

/** One start of the server on its database, and the head of the space at that moment. */
export interface Epoch {
  readonly id: EpochId
  readonly began: Seq
}

/** How far a client has come: everything up to `since` is held; rows up to `after` were seen in this scan. */
export interface Cursor {
  /** The epoch it was last told of; undefined before first contact. */
  readonly epoch: EpochId | undefined
  readonly since: Seq
  readonly after: Seq
}

/** What every request carries, so that a server that lost something is recognised. */
export interface Position {
  readonly cursor: Cursor
  /** The highest seq that any receipt or page told this client. */
  readonly seen: Seq
}

export interface Device {
  readonly id: DeviceId
  readonly name: string
}

export interface ServerVersion {
  readonly protocol: number
  readonly epoch: EpochId
  readonly head: Seq
  /** The server's clock, in milliseconds since 1970. */
  readonly timeMs: number
}

/** Who works on a space, and how far each has come. */
export interface DeviceList {
  /** The server's clock, in milliseconds since 1970. */
  readonly timeMs: number
  readonly head: Seq
  /** Tombstones up to this seq were collected. */
  readonly collected: Seq
  /** The one that was seen last comes first. */
  readonly devices: readonly KnownDevice[]
}

/** A device as one principal uses it: whoever names another's device is a `KnownDevice` beside it. */
export interface KnownDevice extends Device {
  readonly principal: string
  /** When it last pushed or pulled, in milliseconds since 1970. */
  readonly lastSeenMs: number
  /** The `since` that it presented then. */
  readonly since: Seq
  /** When it was revoked; undefined if it was not. It is refused under every principal. */
  readonly revokedAtMs: number | undefined
  /** The one that was seen last comes first. */
  readonly replicas: readonly KnownReplica[]
}

export interface KnownReplica {
  readonly replica: ReplicaId
  /** Of its last operation; 0 if it only reads. */
  readonly counter: number
  readonly lastSeenMs: number
  readonly since: Seq
  /** Whether it was silent for longer than the retention. */
  readonly isRetired: boolean
}

export interface PullRequest extends Position {
  readonly space: string
  readonly device: Device
  /** For each replica (slot) of this store, the last counter the server has acknowledged: what need not come back. */
  readonly acknowledged: readonly Dot[]
  /** The most rows to answer with. */
  readonly limit: number
  /** How long the server may hold the answer while it has nothing new, in milliseconds. */
  readonly waitMs: number
  /** Asks the server to count its documents anew: the digest it told is not that of what a whole scan showed. */
  readonly recount?: boolean | undefined
  /** A text of its own, which the page repeats: whatever answers in the server's place, from what it kept, cannot. */
  readonly nonce?: string | undefined
}

/** One document that changed: its tail of operations, after its state if the tail does not reach back far enough. */
export interface PageRow {
  readonly collection: string
  readonly document: string
  readonly seq: Seq
  readonly state: DocumentState | undefined
  readonly operations: readonly Operation[]
}

/** What every answer carries. */
export interface Answer {
  /**
   * The server's epochs, from the one that the request named; all of them if it knows that one not. None if the one
   * that was named still is the current one.
   */
  readonly epochs: readonly Epoch[]
  /** The server's clock, in milliseconds since 1970. */
  readonly timeMs: number
}

export interface Page extends Answer {
  readonly rows: readonly PageRow[]
  /** Where the scan stands now; `since` moves only on the page that says there is no more. */
  readonly since: Seq
  readonly after: Seq
  readonly more: boolean
  readonly head: Seq
  /** Tombstones up to this seq were collected. */
  readonly collected: Seq
  /** The recorded strategies that changed after the request's `since`. */
  readonly strategies: Strategies
  /** Of what the server held at `head`; only where there is no more. */
  readonly digest?: Digest | undefined
  /** The request's. */
  readonly nonce?: string | undefined
}

export type Strategies = Readonly<Record<string, Strategy>>

/** What a push says of one of its replicas. */
export interface ReplicaClaim {
  readonly replica: ReplicaId
  /** The epoch in which the id was taken; undefined before first contact. */
  readonly epoch: EpochId | undefined
  /** The operation before the first one of this push. */
  readonly previous: ReplicaMark
}

/** A replica's place in its own history. */
export interface ReplicaMark {
  readonly counter: number
  readonly check: CheckValue
}

/** A document's confirmed state, sent to a server that lost it. */
export interface Offer {
  readonly collection: string
  readonly document: string
  readonly state: DocumentState
}

export type PushEntry = Operation | Void
export const isVoid = (entry: PushEntry): entry is Void => 'from' in entry

export interface PushRequest extends Position {
  readonly space: string
  readonly device: Device
  readonly replicas: readonly ReplicaClaim[]
  readonly offers: readonly Offer[]
  /** In outbox order, over all replicas. */
  readonly entries: readonly PushEntry[]
  /** The strategies of collections that this client has not yet seen recorded. */
  readonly strategies: Strategies
}

/** What a push came to, once it is on disk. */
export interface Receipt extends Answer {
  /** For each replica of the push, the last counter that the server has taken. */
  readonly acknowledged: readonly Dot[]
  /** The head just before the first operation that was newly stored; undefined if none was. */
  readonly from: Seq | undefined
  /** The head after the push. */
  readonly to: Seq
  /** Why the push stopped before its end. */
  readonly problem: PushProblem | undefined
  readonly refusedOffers: readonly RefusedOffer[]
  /** The strategies recorded for the collections that the push named. */
  readonly strategies: Strategies
}

/** Nothing from the named operation on was taken. */
export type PushProblem =
  | { readonly code: 'operation_rejected'; readonly dot: Dot; readonly reason: Reason }
  | { readonly code: 'missing'; readonly dot: Dot; readonly collection: string; readonly document: string }
  | { readonly code: 'clock_ahead'; readonly dot: Dot }
  | { readonly code: 'space_full'; readonly dot: Dot; readonly message: string }
  | { readonly code: 'replica_forked'; readonly replica: ReplicaId; readonly last: ReplicaMark }

/** Why a server refused an operation or an offer: a code of its own or the app's, and a sentence for people. */
export interface Reason {
  readonly code: string
  readonly message: string
}

export interface RefusedOffer {
  readonly collection: string
  readonly document: string
  readonly reason: Reason
}

/** A request that was refused as a whole. */
export interface Refusal {
  /** A `SyncErrorCode`, or one that this version does not know. */
  readonly code: string
  readonly message: string
  readonly fix: string | undefined
  /** For `resync`: the server's database is older than the client, or the client is older than the retention. */
  readonly reason: 'restored' | 'expired' | undefined
  readonly epochs: readonly Epoch[]
  readonly timeMs: number | undefined
  readonly retryAfterMs: number | undefined
  /** For `new_epoch`, `resync` and `replica_forked` on a push: where the server's history of each replica ends. */
  readonly replicas: readonly (ReplicaMark & { readonly replica: ReplicaId })[]
  /** Where `replicas` may tell of what is of the current epoch: the head that it was told at. */
  readonly head: Seq | undefined
}
