import type { CollectionOptions } from '@whisker/engine'
import type { Limits, PushRequest, Receipt, StoreCommit, SyncStore } from '@whisker/protocol'
import type { Validate } from '@whisker/server'
import type { Disk } from './disk.ts'
import type { FaultOptions } from './faults.ts'
import type { RequestKind } from './host.ts'

export interface WorldOptions {
  /** Everything that is left to chance follows from it. */
  readonly seed: number | string
  /** The collections of the devices, as for `SyncEngine.open`. */
  readonly collections: Readonly<Record<string, CollectionOptions>>
  /** What goes wrong by itself, and how often. */
  readonly faults?: FaultOptions | undefined
  /** What the server stores in. Default: `sqlite`, in memory. */
  readonly store?: 'sqlite' | 'memory' | undefined
  readonly validate?: Validate | undefined
  readonly limits?: Partial<Limits> | undefined
  /** How long the server asks at most, in milliseconds, until it knows whether somebody may. Default: 0. */
  readonly rightsTakeMs?: number | undefined
  readonly onCommit?: ((disk: Disk, space: string, commit: StoreCommit) => void) | undefined
  readonly onRequest?: ((device: string, kind: RequestKind) => void) | undefined
  readonly onReceipt?: ((device: string, request: PushRequest, receipt: Receipt) => void) | undefined
  readonly onRefusal?: ((device: string, code: string) => void) | undefined
  /** Told when the server gave somebody what they may not have. */
  readonly onBreach?: ((what: string) => void) | undefined
  /** Sees what the server stores. */
  readonly observe?: ((store: SyncStore) => SyncStore) | undefined
}

export interface NewDeviceOptions {
  readonly name?: string | undefined
  /** Who uses it. Default: its name. */
  readonly principal?: string | undefined
  /** Whether its connection to the server stays open. Default: true. */
  readonly isLive?: boolean | undefined
  readonly limits?: Partial<Limits> | undefined
}
