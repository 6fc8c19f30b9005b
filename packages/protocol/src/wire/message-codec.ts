import { type Dot, type EpochId, type ReplicaId, isDeviceId, isEpochId, isReplicaId } from '../identity.ts'
import { type JsonValue, parseJson } from '../json.ts'
import { SyncError } from '../errors.ts'
import type { Limits } from '../limits.ts'
import {
  type Cursor,
  type Device,
  type Offer,
  PROTOCOL_VERSION,
  type Position,
  type PullRequest,
  type PushEntry,
  type PushRequest,
  type Receipt,
  type Refusal,
  type ReplicaClaim,
  type ServerVersion,
  isVoid,
} from '../messages.ts'
import {
  type WireMessage,
  checkVersion,
  decodeAnswer,
  decodeEpochs,
  decodeStrategies,
  encodeAnswer,
  encodeEpochs,
  encodeStrategies,
  readMessage,
  readNonce,
} from './message-parts.ts'
import { decodeEntry, encodeEntry, readKey } from './operation-codec.ts'
import { decodeMark, decodeProblem, decodeReason, encodeProblem, encodeReason } from './problem-codec.ts'
import {
  CODE_LENGTH,
  MESSAGE_LENGTH,
  field,
  fieldOr,
  readAs,
  readInteger,
  readList,
  readObject,
  readText,
  readable,
  refuse,
} from './reading.ts'
import { ReplicaTable, readReplicaIds } from './replica-table.ts'
import { decodeState, encodeState } from './state-codec.ts'

// --- requests

export function encodePush(request: PushRequest): WireMessage {
  const table = new ReplicaTable(request.replicas.map((claim) => claim.replica))
  const entries = request.entries.map((entry) => encodeEntry(entry, table))
  return {
    v: PROTOCOL_VERSION,
    at: encodePosition(request),
    device: [request.device.id, request.device.name],
    ids: table.entries,
    replicas: request.replicas.map((claim) => encodeClaim(claim, request.cursor.epoch)),
    ...(request.offers.length && { offers: request.offers.map(encodeOffer) }),
    ...(entries.length && { entries }),
    ...encodeStrategies(request.strategies),
  }
}

export function decodePush(space: string, value: unknown, limits: Limits): PushRequest {
  const message = readMessage(value, 'push')
  const ids = readReplicaIds(field(message, 'ids'), 'push ids')
  const claims = readList(field(message, 'replicas'), 'push replicas', limits.replicasPerRequest)
  if (claims.length > ids.length) refuse('push replicas', 'an id for each replica', claims.length)
  const position = decodePosition(field(message, 'at'))
  return {
    space,
    ...position,
    device: decodeDevice(field(message, 'device')),
    replicas: claims.map((claim, index) => decodeClaim(ids[index] as ReplicaId, claim, position.cursor.epoch)),
    offers: readBatch(fieldOr(message, 'offers', []), 'push offers', limits.batchOperations).map(decodeOffer),
    entries: decodeEntries(fieldOr(message, 'entries', []), ids, limits),
    strategies: decodeStrategies(field(message, 'strategies')),
  }
}

/** Too much for one push is the sender's to split, and not nonsense. */
function readBatch(value: unknown, where: string, most: number): readonly unknown[] {
  const list = readList(value, where)
  if (list.length > most) throw tooLarge(where, most, list.length)
  return list
}

const tooLarge = (what: string, most: number, got: number): SyncError =>
  new SyncError('too_large', `Expected at most ${most} ${what} in one push, got ${got}.`, { fix: 'Send it in parts.' })

function decodeEntries(value: unknown, ids: readonly ReplicaId[], limits: Limits): readonly PushEntry[] {
  const entries = readBatch(value, 'push entries', limits.batchOperations).map((entry, index) =>
    decodeEntry(entry, ids, `push entry ${index}`),
  )
  const voids = entries.reduce((sum, entry) => sum + (isVoid(entry) ? entry.to - entry.from + 1 : 0), 0)
  if (voids > limits.batchVoids) throw tooLarge('voided counters', limits.batchVoids, voids)
  return entries
}

/** A replica's epoch usually is the one of the position: then it is 0. */
const encodeClaim = ({ epoch, previous }: ReplicaClaim, here: EpochId | undefined): JsonValue => [
  epoch === here ? 0 : (epoch ?? null),
  previous.counter,
  previous.check,
]

function decodeClaim(replica: ReplicaId, value: unknown, here: EpochId | undefined): ReplicaClaim {
  const [named, counter, check] = readList(value, 'push replica', 3)
  const epoch = named === 0 ? here : readEpochId(named)
  if (named !== 0 && epoch === here) refuse('push replica epoch', '0 for the epoch of the position', named)
  return { replica, epoch, previous: decodeMark(counter, check) }
}

const encodeOffer = ({ collection, document, state }: Offer): JsonValue => [collection, document, encodeState(state)]

function decodeOffer(value: unknown, index: number): Offer {
  const [collection, document, state] = readList(value, `offer ${index}`, 3)
  return { ...readKey(collection, document, `offer ${index}`), state: decodeState(state, `offer ${index}`) }
}

/** A pull has no body: it travels as these parameters. */
export function encodePull(request: PullRequest): Readonly<Record<string, string>> {
  return {
    v: String(PROTOCOL_VERSION),
    at: JSON.stringify(encodePosition(request)),
    device: JSON.stringify([request.device.id, request.device.name]),
    acknowledged: JSON.stringify(request.acknowledged.map(({ replica, counter }) => [replica, counter])),
    limit: String(request.limit),
    ...(request.waitMs > 0 && { wait: String(request.waitMs) }),
    ...(request.recount && { recount: '1' }),
    ...(request.nonce !== undefined && { nonce: JSON.stringify(request.nonce) }),
  }
}

export function decodePull(space: string, parameters: Readonly<Record<string, unknown>>, limits: Limits): PullRequest {
  const parameter = (name: string, absent?: unknown): unknown => {
    const text = field(parameters, name)
    if (text === undefined) return absent
    try {
      return parseJson(readText(text, name, 16_384))
    } catch {
      return refuse(name, 'JSON', text)
    }
  }
  checkVersion(parameter('v'), 'pull')
  return {
    space,
    ...decodePosition(parameter('at')),
    device: decodeDevice(parameter('device')),
    acknowledged: readList(parameter('acknowledged'), 'acknowledged', limits.replicasPerRequest).map(
      decodeAcknowledged,
    ),
    limit: Math.min(readInteger(parameter('limit', limits.pageRows), 'limit', 1), limits.pageRows),
    waitMs: readInteger(parameter('wait', 0), 'wait'),
    recount: readInteger(parameter('recount', 0), 'recount', 0, 1) === 1 || undefined,
    ...readNonce(parameter('nonce'), 'nonce'),
  }
}

// --- answers

export function encodeReceipt(receipt: Receipt): WireMessage {
  return {
    v: PROTOCOL_VERSION,
    ...encodeAnswer(receipt),
    acknowledged: receipt.acknowledged.map(({ replica, counter }) => [replica, counter]),
    ...(receipt.from !== undefined && { from: receipt.from }),
    to: receipt.to,
    ...(receipt.problem && { problem: encodeProblem(receipt.problem) }),
    ...(receipt.refusedOffers.length && {
      refused: receipt.refusedOffers.map(({ collection, document, reason }) => [
        collection,
        document,
        ...encodeReason(reason),
      ]),
    }),
    ...encodeStrategies(receipt.strategies),
  }
}

export function decodeReceipt(value: unknown): Receipt {
  const message = readMessage(value, 'receipt')
  const from = field(message, 'from')
  const problem = field(message, 'problem')
  return {
    ...decodeAnswer(message),
    acknowledged: readList(field(message, 'acknowledged'), 'acknowledged').map(decodeAcknowledged),
    from: from === undefined ? undefined : readInteger(from, 'receipt from'),
    to: readInteger(field(message, 'to'), 'receipt to'),
    problem: problem === undefined ? undefined : decodeProblem(problem),
    refusedOffers: readList(fieldOr(message, 'refused', []), 'refused offers').map((entry) => {
      const [collection, document, code, text] = readList(entry, 'refused offer', 4)
      return { ...readKey(collection, document, 'refused offer'), reason: decodeReason(code, text) }
    }),
    strategies: decodeStrategies(field(message, 'strategies')),
  }
}

export const encodeServerVersion = ({ protocol, epoch, head, timeMs }: ServerVersion): WireMessage => ({
  v: protocol,
  epoch,
  head,
  time: timeMs,
})

export function decodeServerVersion(value: unknown): ServerVersion {
  const message = readObject(value, 'version')
  return {
    protocol: readInteger(field(message, 'v'), 'protocol version', 1),
    epoch: readAs(field(message, 'epoch'), 'epoch', 'an epoch id', isEpochId),
    head: readInteger(field(message, 'head'), 'head'),
    timeMs: readInteger(field(message, 'time'), 'time'),
  }
}

export const encodeRefusal = (refusal: Refusal): WireMessage => ({
  error: {
    code: readable(refusal.code, CODE_LENGTH),
    message: readable(refusal.message, MESSAGE_LENGTH),
    ...(refusal.fix !== undefined && { fix: readable(refusal.fix, MESSAGE_LENGTH) }),
    ...(refusal.reason && { reason: refusal.reason }),
    ...encodeEpochs(refusal.epochs),
    ...(refusal.timeMs !== undefined && { time: refusal.timeMs }),
    ...(refusal.retryAfterMs !== undefined && { retryAfter: refusal.retryAfterMs }),
    ...(refusal.replicas.length && {
      replicas: refusal.replicas.map(({ replica, counter, check }) => [replica, counter, check]),
    }),
    ...(refusal.head !== undefined && { head: refusal.head }),
  },
})

export function decodeRefusal(value: unknown): Refusal {
  const error = readObject(field(readObject(value, 'refusal'), 'error'), 'refusal error')
  const optional = <T>(name: string, read: (value: unknown) => T): T | undefined => {
    const found = field(error, name)
    return found === undefined ? undefined : read(found)
  }
  const reason = field(error, 'reason')
  return {
    code: readText(field(error, 'code'), 'error code', CODE_LENGTH),
    message: readText(field(error, 'message'), 'error message', MESSAGE_LENGTH),
    fix: optional('fix', (fix) => readText(fix, 'error fix', MESSAGE_LENGTH)),
    reason: reason === 'restored' || reason === 'expired' ? reason : undefined,
    epochs: decodeEpochs(field(error, 'epochs')),
    timeMs: optional('time', (time) => readInteger(time, 'error time')),
    retryAfterMs: optional('retryAfter', (delay) => readInteger(delay, 'error retryAfter')),
    replicas: readList(fieldOr(error, 'replicas', []), 'error replicas').map((entry) => {
      const [replica, counter, check] = readList(entry, 'error replica', 3)
      return { replica: readAs(replica, 'error replica', 'a replica id', isReplicaId), ...decodeMark(counter, check) }
    }),
    head: optional('head', (head) => readInteger(head, 'error head')),
  }
}

// --- parts

/** Usually a client stands between two scans and has seen no more than it holds: then one number says it all. */
const encodePosition = ({ cursor: { epoch, since, after }, seen }: Position): JsonValue =>
  after === since && seen === since ? [epoch ?? null, since] : [epoch ?? null, since, after, seen]

function decodePosition(value: unknown): Position {
  const list = readList(value, 'position', 4)
  const [epoch, since, after, seen] = list.length === 2 ? [...list, list[1], list[1]] : list
  const cursor: Cursor = {
    epoch: readEpochId(epoch),
    since: readInteger(since, 'since'),
    after: readInteger(after, 'after'),
  }
  if (list.length > 2 && after === since && seen === since) refuse('position', 'an epoch and one number', value)
  return { cursor, seen: readInteger(seen, 'seen') }
}

function decodeDevice(value: unknown): Device {
  const [id, name] = readList(value, 'device', 2)
  return { id: readAs(id, 'device', 'a device id', isDeviceId), name: readText(name, 'device name', 128) }
}

const readEpochId = (value: unknown): EpochId | undefined =>
  value === null ? undefined : readAs(value, 'epoch', 'an epoch id', isEpochId)

function decodeAcknowledged(value: unknown): Dot {
  const [replica, counter] = readList(value, 'acknowledged', 2)
  return {
    replica: readAs(replica, 'acknowledged', 'a replica id', isReplicaId),
    counter: readInteger(counter, 'acknowledged counter'),
  }
}
