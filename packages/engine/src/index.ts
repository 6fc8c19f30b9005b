// What an app needs of the protocol to use an engine, so that it has one package to import from.
export { formatDot, isSyncError, wallTimeOf } from '@whisker/protocol'
export type {
  Conflict,
  ConflictValue,
  Dot,
  JsonObject,
  JsonValue,
  Member,
  Merge,
  StateStore,
  Strategy,
  SyncError,
  SyncErrorCode,
  Transport,
} from '@whisker/protocol'
export { Collection } from './collection.ts'
export type { CollectionChange, ListedDocument, OpenConflict, WriteOptions } from './collection.ts'
export type { WriteResult } from './core.ts'
export type { ListOptions } from './documents/list.ts'
export type { CollectionOptions } from './documents/options.ts'
export type { Resolution } from './documents/resolve.ts'
export type {
  ConflictEvent,
  DocumentChange,
  MismatchEvent,
  SyncEvents,
  SyncProgress,
  SyncResult,
  SyncStatus,
} from './events.ts'
export type { Rejected } from './ledger/rejected.ts'
export type { Statistics } from './ledger/records.ts'
export { withFallback } from './fallback/with-fallback.ts'
export type { FallbackOptions } from './fallback/with-fallback.ts'
export { memoryState } from './memory-state.ts'
export type { AnyDocuments, DeepMutable, DeepReadonly, DocumentMap, Patch, Plain } from './plain-types.ts'
export type { WakeSource } from '@whisker/protocol/transport'
export type { Presence } from './presence.ts'
export { SyncEngine } from './sync-engine.ts'
export type { RejectedOperations } from './rejected.ts'
export type { SyncEngineOptions } from './sync-engine.ts'
