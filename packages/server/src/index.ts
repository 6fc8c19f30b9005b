export type { CollectedTombstones } from './collect-tombstones.ts'
export type { CorsOptions } from './cors.ts'
export { createServer } from './create-server.ts'
export type { ShownDocument } from './document-draft.ts'
export { memoryStore } from './memory-store.ts'
export { serve } from './serve.ts'
export { serveMetrics } from './serve-metrics.ts'
export type { RunningServer } from './serve.ts'
export type {
  Action,
  Authenticate,
  Authorize,
  Recheck,
  ServeMetricsOptions,
  ServeOptions,
  ServerOptions,
  SocketTimeouts,
  SyncServer,
  UpgradeRequest,
  UpgradeSocket,
  Validate,
  ValidatedDocument,
} from './server-options.ts'
export type { Principal } from './principal.ts'
export type { RefusedRequest } from './refusal.ts'
export type { ClientConnection, ServerClient } from './server-client.ts'
export type {
  PullParameters,
  ServerSession,
  ServerSubscription,
  SessionAnswer,
  SubscriptionSink,
} from './server-session.ts'
export type { SocketLimits } from './socket-limits.ts'
export { sqliteStore } from './sqlite-store.ts'
export type { SqliteStoreOptions } from './sqlite-store.ts'
