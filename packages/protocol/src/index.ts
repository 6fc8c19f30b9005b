export { FIRST_CHECK, checkAfter, checkAfterVoids } from './check-value.ts'
export type { CheckValue } from './check-value.ts'
export { CLOCK_EPOCH_MS, nextTimestamp, receiveTimestamp, timestampAt, wallTimeOf } from './clock.ts'
export type { Timestamp } from './clock.ts'
export { applyDelta, deltaBetween } from './delta.ts'
export { EMPTY_DIGEST, changeDigest, documentHash, sameDigest } from './digest.ts'
export type { Digest } from './digest.ts'
export { EMPTY_STATE, apply, baseOf, join, killsOf, nameOf, sameName, sameState, supersedes } from './document-state.ts'
export type { DocumentState, Write } from './document-state.ts'
export type { Clock, Random } from './environment.ts'
export { REFUSAL_CODES, SyncError, isSyncError, toSyncError } from './errors.ts'
export type { SyncErrorCode, SyncErrorDetails, SyncErrorOptions } from './errors.ts'
export type { Standing } from './field-tree.ts'
export {
  checkName,
  compareDots,
  compareReplicas,
  copyId,
  copyStem,
  formatDot,
  isDeviceId,
  isDocumentId,
  isEpochId,
  isName,
  isReplicaId,
  mintDeviceId,
  mintDocumentId,
  mintEpochId,
  mintReplicaId,
  sameDot,
} from './identity.ts'
export type { DeviceId, Dot, EpochId, ReplicaId } from './identity.ts'
export {
  canonicalJson,
  checkJson,
  deepFreeze,
  formatPath,
  isJsonObject,
  jsonEqual,
  parseJson,
  toJson,
  utf8Length,
} from './json.ts'
export type { JsonObject, JsonPath, JsonValue } from './json.ts'
export { LIMITS } from './limits.ts'
export type { Limits } from './limits.ts'
export { PROTOCOL_VERSION, isVoid } from './messages.ts'
export type {
  Answer,
  Cursor,
  Device,
  DeviceList,
  Epoch,
  KnownDevice,
  KnownReplica,
  Offer,
  Page,
  PageRow,
  Position,
  PullRequest,
  PushEntry,
  PushProblem,
  PushRequest,
  Reason,
  Receipt,
  Refusal,
  RefusedOffer,
  ReplicaClaim,
  ReplicaMark,
  Seq,
  ServerVersion,
  Strategies,
} from './messages.ts'
export { NO_NAMES, isDelete, isPrefix, samePath } from './operation.ts'
export type { Delta, FieldWrite, Operation, OperationType, Path, Root, Void, WriteName } from './operation.ts'
export type {
  DocumentRow,
  LiveFrame,
  Member,
  NamedRow,
  OutboxRow,
  RequestOptions,
  SpaceStore,
  StateStore,
  StoreChanges,
  StoreCommit,
  StoreRows,
  StoredSpace,
  SubscribeRequest,
  Subscription,
  SubscriptionListener,
  Transport,
} from './ports.ts'
export { STRATEGIES, isStrategy, unitOf } from './strategy.ts'
export type { Conflict, ConflictValue, Merge, Strategy } from './strategy.ts'
export type {
  DocumentChange,
  DocumentKey,
  RecordedStrategy,
  ReplicaChange,
  ReplicaRow,
  RevokedDevice,
  SpaceChanges,
  SpaceReader,
  SpaceRecord,
  SpaceTransaction,
  SyncRow,
  SyncStore,
  TailEntry,
  TailRequest,
  Usage,
} from './sync-store.ts'
export { systemClock, systemRandom } from './system.ts'
export {
  EMPTY_VERSION,
  addDot,
  commonVersion,
  compareVersions,
  counterOf,
  covers,
  mergeVersions,
  withoutReplica,
} from './version-vector.ts'
export type { Causality, VersionVector } from './version-vector.ts'
export { isTombstone, viewOf } from './view.ts'
export type { Copy, DocumentView, ViewOptions } from './view.ts'
export { decodeDevices, encodeDevices } from './wire/devices-codec.ts'
export {
  CLOSE_CODES,
  type MemberChange,
  PRESENCE_BYTES,
  SOCKET_DEAD_MS,
  SOCKET_PING_MS,
  SOCKET_PROTOCOL,
  type ToClient,
  type ToServer,
  decodeToClient,
  decodeToServer,
  encodeSocketAnswer,
  encodeMember,
  encodePresent,
  encodeSocketFrame,
  encodeToClient,
  encodeToServer,
  socketFrameEnds,
} from './wire/socket-codec.ts'
export { decodeFrame, encodeFrameAround, encodeHint } from './wire/frame-codec.ts'
export {
  decodePull,
  decodePush,
  decodeReceipt,
  decodeRefusal,
  decodeServerVersion,
  encodePull,
  encodePush,
  encodeReceipt,
  encodeRefusal,
  encodeServerVersion,
} from './wire/message-codec.ts'
export type { WireMessage } from './wire/message-parts.ts'
export {
  decodeStoredEntry,
  decodeTailOperation,
  encodeStoredEntry,
  encodeTailOperation,
} from './wire/operation-codec.ts'
export { decodePage, encodePage, encodePageAround } from './wire/page-codec.ts'
export type { StoredRow } from './wire/page-codec.ts'
export { decodeState, encodeState } from './wire/state-codec.ts'
