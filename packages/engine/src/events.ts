import type { Conflict, SyncError, SyncErrorCode } from '@whisker/protocol'
import type { Rejected } from './ledger/rejected.ts'

export interface SyncStatus {
  readonly state: 'stopped' | 'idle' | 'syncing' | 'live' | 'offline' | 'needs_auth' | 'stuck' | 'error'
  readonly reason?: { readonly code: SyncErrorCode; readonly message: string; readonly fix?: string | undefined }
  /** Operations that the server has not acknowledged. */
  readonly pending: number
  /** When the oldest of them was made, in milliseconds since 1970. */
  readonly oldestPendingAt?: number
  readonly conflicts: number
  readonly rejected: number
  /** Whether this store has ever held all that the server had. */
  readonly everSynced: boolean
  readonly push?: { readonly done: number; readonly total: number }
  readonly pull?: { readonly done: number; readonly total?: number }
  readonly lastSyncAt?: number
  readonly nextRetryAt?: number
  /** Failed rounds in a row. */
  readonly attempt: number
  /** How far this device's clock is ahead of the server's, in milliseconds. */
  readonly clockSkewMs?: number
}

export type SyncResult =
  | { readonly ok: true; readonly pushed: number; readonly pulled: number; readonly durationMs: number }
  | { readonly ok: false; readonly error: SyncError }

export interface SyncProgress {
  readonly phase: 'push' | 'pull'
  readonly done: number
  readonly total: number
}

/** A document that now looks different. */
export interface DocumentChange {
  readonly collection: string
  readonly id: string
  readonly before: unknown
  readonly after: unknown
  /** As a collection tells it. */
  readonly origin: 'local' | 'remote'
}

export interface ConflictEvent {
  readonly collection: string
  readonly id: string
  readonly conflict: Conflict
}

/** At the head, this device and the server hold different documents, though both believe that they hold the same. */
export interface MismatchEvent {
  /** How many there are here, without the deleted ones. */
  readonly documents: number
  readonly serverDocuments: number
}

export interface SyncEvents {
  /** When, in milliseconds since 1970. */
  sync_started: { readonly at: number }
  sync_progress: SyncProgress
  sync_completed: Extract<SyncResult, { ok: true }>
  sync_failed: { readonly error: SyncError; readonly nextRetryAt: number | undefined }
  conflict_detected: ConflictEvent
  conflict_resolved: ConflictEvent
  operation_rejected: Rejected
  /** Its repair begins. */
  mismatch_detected: MismatchEvent
  /** They hold the same again. */
  mismatch_repaired: MismatchEvent
  status_changed: SyncStatus
  change: readonly DocumentChange[]
}

type Listener<E> = (event: E) => void

/** Calls listeners; one that throws harms neither the others nor the engine, and its error is not swallowed. */
export class Emitter {
  readonly #listeners: { [K in keyof SyncEvents]?: Set<Listener<SyncEvents[K]>> } = {}

  on<K extends keyof SyncEvents>(name: K, listener: Listener<SyncEvents[K]>): () => void {
    // Each call is a subscription of its own, also with the same function.
    const own: Listener<SyncEvents[K]> = (event) => listener(event)
    const listeners = this.#of(name)
    listeners.add(own)
    return () => void listeners.delete(own)
  }

  emit<K extends keyof SyncEvents>(name: K, event: SyncEvents[K]): void {
    for (const listener of Array.from(this.#of(name))) callSafely(() => listener(event))
  }

  #of<K extends keyof SyncEvents>(name: K): Set<Listener<SyncEvents[K]>> {
    const listeners: Set<Listener<SyncEvents[K]>> = this.#listeners[name] ?? new Set()
    ;(this.#listeners as Record<K, Set<Listener<SyncEvents[K]>>>)[name] = listeners
    return listeners
  }
}

/** Runs the app's code; what it throws is reported as an uncaught error of its own, later. */
export function callSafely(call: () => void): void {
  try {
    call()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
