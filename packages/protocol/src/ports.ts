import type { DeviceId, Dot } from './identity.ts'
import type { JsonValue } from './json.ts'
import type { Device, Page, Position, PullRequest, PushRequest, Receipt, Seq, ServerVersion } from './messages.ts'

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
  /** Told of the bytes of bodies, unpacked, as they go out and come in. */
  readonly meter?: ((direction: 'sent' | 'received', bytes: number) => void) | undefined
}

/**
 * The way to a server. Every failure is a `SyncError`: a refusal by the server carries it as
 * `details.refusal`; no answer is `network` or `timeout`, an answer that is none is `bad_message`.
 * A transport never retries: the engine does. Every method is total; a live transport adds `subscribe`.
 */
export interface Transport {
  version(space: string, options?: RequestOptions): Promise<ServerVersion>
  pull(request: PullRequest, options?: RequestOptions): Promise<Page>
  push(request: PushRequest, options?: RequestOptions): Promise<Receipt>
  /** Whether a server answers there; never throws. */
  isAvailable(options?: RequestOptions): Promise<boolean>
  subscribe?(request: SubscribeRequest, listener: SubscriptionListener): Subscription
  close(): Promise<void>
}

/** Who subscribes, in the words of a pull. */
export interface SubscribeRequest extends Position {
  readonly space: string
  readonly device: Device
  /** For each replica (slot) of this store, the last counter the server has acknowledged: what need not come back. */
  readonly acknowledged: readonly Dot[]
}
/** Is told of nothing before `subscribe` has returned. */
export interface SubscriptionListener {
  /** Something changed: a frame that can be applied if the cursor stands at `from`, or only a hint to pull. */
  changed(frame: LiveFrame | undefined): void
  /**
   * The connection came or went. One that got lost comes again by itself; one that the server refused does not: where
   * the client stands may have been the reason, so it subscribes anew.
   */
  connected(isConnected: boolean): void
  /**
   * All others who are connected to the space and show something: once after the connection came, even if there is
   * nobody, and whenever that changes. Who was told of is gone when the connection is.
   */
  present?(members: readonly Member[]): void
}
/** Somebody who is connected to a space, as the others see them. */
export interface Member {
  /** Of this connection only. */
  readonly id: string
  /** Whom the server knows them as. The rest is what the device says of itself. */
  readonly principal: string
  readonly device: DeviceId
  /** The device's. */
  readonly name: string
  /** What they show, of at most `PRESENCE_BYTES`. */
  readonly value: JsonValue
}
/** All that changed after `from`, up to its `since`. */
export interface LiveFrame extends Page {
  readonly from: Seq
}
export interface Subscription {
  close(): void
  /**
   * What the others see of this client from now on, also after the connection comes anew; undefined for nothing.
   * Missing while nobody can be shown anything; once it is there, it has been told nothing.
   */
  readonly show?: ((value: JsonValue | undefined) => void) | undefined
}

/**
 * The local store: many spaces, each a few tables of texts that only the engine understands.
 * What `commit` resolved is on disk, whole; a commit that rejects has changed nothing.
 */
export interface StateStore {
  /**
   * Opens a space, making it if it is new. Several may have it open at once, in this process and in others, each as
   * a slot of its own; with more than 64 it is `store_in_use`. The device id is minted once for the whole store.
   */
  open(space: string, mintDevice: () => DeviceId): Promise<SpaceStore>
}

export interface SpaceStore {
  readonly device: DeviceId
  /** The lowest number from 0 that no other opening of the space holds. Held until it is closed or its process ends. */
  readonly slot: number
  load(): Promise<StoredSpace>
  /** What changed after a revision, in all openings; undefined if that is no longer known: then `load` tells it all. */
  changes(since: number): Promise<StoreChanges | undefined>
  /** One transaction. Refuses with `store_moved` unless the space is still at `commit.revision`. */
  commit(commit: StoreCommit): Promise<void>
  /** Tells of commits of other openings, within a second and perhaps several at once; returns what ends it. */
  watch(listener: () => void): () => void
  /**
   * Takes the lead of the space, if no other opening has it. Resolves to whether this one has it now. It is a hint of
   * who is to talk to the server: nothing may be lost if two believe to have it.
   */
  lead(): Promise<boolean>
  /** Gives the lead up; so do `close`, `destroy` and the end of the process. */
  resign(): Promise<void>
  close(): Promise<void>
  /** Removes everything of this space, and closes. Refuses with `store_in_use` while another has it open. */
  destroy(): Promise<void>
}

export interface StoredSpace {
  /** Rises by one with each commit; 0 for a new space. */
  readonly revision: number
  readonly records: readonly NamedRow[]
  readonly documents: readonly DocumentRow[]
  /** By rising position. */
  readonly outbox: readonly OutboxRow[]
  readonly rejected: readonly NamedRow[]
}
export type NamedRow = readonly [name: string, text: string]
export type DocumentRow = readonly [collection: string, document: string, text: string]
export type OutboxRow = readonly [position: number, text: string]

/** Rows of a space by what they are now; `undefined` in place of the text is a row that is not there. */
export interface StoreRows {
  readonly records: readonly (readonly [name: string, text: string | undefined])[]
  readonly documents: readonly (readonly [collection: string, document: string, text: string | undefined])[]
  readonly outbox: readonly (readonly [position: number, text: string | undefined])[]
  readonly rejected: readonly (readonly [name: string, text: string | undefined])[]
}

/** Rows to put and to remove. */
export interface StoreCommit extends StoreRows {
  /** The revision that the commit was worked out on. */
  readonly revision: number
}

/** Each row that changed, once, as it is now. The outbox by rising position. */
export interface StoreChanges extends StoreRows {
  /** The revision that they lead to. */
  readonly revision: number
}
