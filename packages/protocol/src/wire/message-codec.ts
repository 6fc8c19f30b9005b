import { type Dot, type ReplicaId, isDeviceId, isEpochId, isName, isReplicaId } from '../identity.ts'
import { type JsonValue, parseJson } from '../json.ts'
import { SyncError } from '../errors.ts'
import type { Limits } from '../limits.ts'
import {
  type Answer,
  type Cursor,
  type Device,
  type Epoch,
  type Offer,
  PROTOCOL_VERSION,
  type Page,
  type PageRow,
  type Position,
  type PullRequest,
  type PushEntry,
  type PushRequest,
  type Receipt,
  type Refusal,
  type ReplicaClaim,
  type ServerVersion,
  type Strategies,
  isVoid,
} from '../messages.ts'
import { type Strategy, isStrategy } from '../strategy.ts'
import { decodeEntry, decodeTailOperation, encodeEntry, encodeTailOperation, readKey } from './operation-codec.ts'
import { decodeMark, decodeProblem, decodeReason, encodeProblem, encodeReason } from './problem-codec.ts'
import {
  CODE_LENGTH,
  MESSAGE_LENGTH,
  field,
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

/** A message as it travels: JSON, to be written by `JSON.stringify` and read by `parseJson`. */
export type WireMessage = Readonly<Record<string, JsonValue>>

// --- requests

export function encodePush(request: PushRequest): WireMessage {
  const table = new ReplicaTable(request.replicas.map((claim) => claim.replica))
  const entries = request.entries.map((entry) => encodeEntry(entry, table))
  return {
    v: PROTOCOL_VERSION,
    at: encodePosition(request),
    device: [request.device.id, request.device.name],
    ids: table.ids,
    replicas: request.replicas.map(({ epoch, previous }) => [epoch ?? null, previous.counter, previous.check]),
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
  return {
    space,
    ...decodePosition(field(message, 'at')),
    device: decodeDevice(field(message, 'device')),
    replicas: claims.map((claim, index) => decodeClaim(ids[index] as ReplicaId, claim)),
    offers: readBatch(field(message, 'offers') ?? [], 'push offers', limits.batchOperations).map(decodeOffer),
    entries: decodeEntries(field(message, 'entries') ?? [], ids, limits),
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

function decodeClaim(replica: ReplicaId, value: unknown): ReplicaClaim {
  const [epoch, counter, check] = readList(value, 'push replica', 3)
  return { replica, epoch: readEpochId(epoch), previous: decodeMark(counter, check) }
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
  }
}

export function decodePull(space: string, parameters: Readonly<Record<string, unknown>>, limits: Limits): PullRequest {
  const parameter = (name: string): unknown => {
    const text = field(parameters, name)
    if (text === undefined) return undefined
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
    limit: Math.min(readInteger(parameter('limit') ?? limits.pageRows, 'limit', 1), limits.pageRows),
    waitMs: readInteger(parameter('wait') ?? 0, 'wait'),
  }
}

// --- answers

/** A page around rows that are texts already: a stored row travels without being parsed. */
export function encodePageAround(page: Omit<Page, 'rows'>, rows: readonly string[]): string {
  const { since, after, more, head, collected } = page
  const envelope = JSON.stringify({
    v: PROTOCOL_VERSION,
    ...encodeAnswer(page),
    at: [since, after, head, collected],
    ...(more && { more: 1 }),
    ...encodeStrategies(page.strategies),
  })
  return rows.length ? `${envelope.slice(0, -1)},"rows":[${rows.join(',')}]}` : envelope
}

export const encodePage = (page: Page): string => encodePageAround(page, page.rows.map(encodeRow))

const encodeRow = ({ collection, document, seq, state, operations }: PageRow): string =>
  encodeRowAround(
    collection,
    document,
    seq,
    state && JSON.stringify(encodeState(state)),
    operations.map((operation) => JSON.stringify(encodeTailOperation(operation))),
  )

/** A row around a state and operations that are texts already: `[collection, document, seq, state | 0, …operations]`. */
export const encodeRowAround = (
  collection: string,
  document: string,
  seq: number,
  state: string | undefined,
  operations: readonly string[],
): string => `[${[JSON.stringify(collection), JSON.stringify(document), seq, state ?? 0, ...operations].join(',')}]`

export function decodePage(value: unknown): Page {
  const message = readMessage(value, 'page')
  const [since, after, head, collected] = readList(field(message, 'at'), 'page at', 4)
  return {
    ...decodeAnswer(message),
    rows: readList(field(message, 'rows') ?? [], 'page rows').map(decodeRow),
    since: readInteger(since, 'page since'),
    after: readInteger(after, 'page after'),
    more: readInteger(field(message, 'more') ?? 0, 'page more', 0, 1) === 1,
    head: readInteger(head, 'page head'),
    collected: readInteger(collected, 'page collected'),
    strategies: decodeStrategies(field(message, 'strategies')),
  }
}

function decodeRow(value: unknown, index: number): PageRow {
  const where = `page row ${index}`
  const [first, second, seq, state, ...operations] = readList(value, where)
  const { collection, document } = readKey(first, second, where)
  return {
    collection,
    document,
    seq: readInteger(seq, where, 1),
    state: state === 0 ? undefined : decodeState(state, where),
    operations: operations.map((operation) => decodeTailOperation(operation, collection, document, where)),
  }
}

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
    refusedOffers: readList(field(message, 'refused') ?? [], 'refused offers').map((entry) => {
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
    ...(refusal.epochs.length && { epochs: encodeEpochs(refusal.epochs) }),
    ...(refusal.timeMs !== undefined && { time: refusal.timeMs }),
    ...(refusal.retryAfterMs !== undefined && { retryAfter: refusal.retryAfterMs }),
    ...(refusal.replicas.length && {
      replicas: refusal.replicas.map(({ replica, counter, check }) => [replica, counter, check]),
    }),
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
    epochs: optional('epochs', decodeEpochs) ?? [],
    timeMs: optional('time', (time) => readInteger(time, 'error time')),
    retryAfterMs: optional('retryAfter', (delay) => readInteger(delay, 'error retryAfter')),
    replicas: readList(field(error, 'replicas') ?? [], 'error replicas').map((entry) => {
      const [replica, counter, check] = readList(entry, 'error replica', 3)
      return { replica: readAs(replica, 'error replica', 'a replica id', isReplicaId), ...decodeMark(counter, check) }
    }),
  }
}

// --- parts

function readMessage(value: unknown, what: string): Readonly<Record<string, unknown>> {
  const message = readObject(value, what)
  checkVersion(field(message, 'v'), what)
  return message
}

function checkVersion(version: unknown, what: string): void {
  if (version !== PROTOCOL_VERSION) {
    refuse(what, `protocol version ${PROTOCOL_VERSION}`, version ?? null)
  }
}

const encodePosition = ({ cursor, seen }: Position): JsonValue => [
  cursor.epoch ?? null,
  cursor.since,
  cursor.after,
  seen,
]

function decodePosition(value: unknown): Position {
  const [epoch, since, after, seen] = readList(value, 'position', 4)
  const cursor: Cursor = {
    epoch: readEpochId(epoch),
    since: readInteger(since, 'since'),
    after: readInteger(after, 'after'),
  }
  return { cursor, seen: readInteger(seen, 'seen') }
}

function decodeDevice(value: unknown): Device {
  const [id, name] = readList(value, 'device', 2)
  return { id: readAs(id, 'device', 'a device id', isDeviceId), name: readText(name, 'device name', 128) }
}

const readEpochId = (value: unknown): Epoch['id'] | undefined =>
  value === null ? undefined : readAs(value, 'epoch', 'an epoch id', isEpochId)

const encodeAnswer = ({ epochs, timeMs }: Answer): WireMessage => ({ epochs: encodeEpochs(epochs), time: timeMs })

const decodeAnswer = (message: Readonly<Record<string, unknown>>): Answer => ({
  epochs: decodeEpochs(field(message, 'epochs')),
  timeMs: readInteger(field(message, 'time'), 'time'),
})

const encodeEpochs = (epochs: readonly Epoch[]): JsonValue => epochs.map(({ id, began }) => [id, began])

const decodeEpochs = (value: unknown): readonly Epoch[] =>
  readList(value, 'epochs', 100_000).map((entry) => {
    const [id, began] = readList(entry, 'epoch', 2)
    return { id: readAs(id, 'epoch', 'an epoch id', isEpochId), began: readInteger(began, 'epoch began') }
  })

function decodeAcknowledged(value: unknown): Dot {
  const [replica, counter] = readList(value, 'acknowledged', 2)
  return {
    replica: readAs(replica, 'acknowledged', 'a replica id', isReplicaId),
    counter: readInteger(counter, 'acknowledged counter'),
  }
}

const encodeStrategies = (strategies: Strategies): WireMessage => (Object.keys(strategies).length ? { strategies } : {})

function decodeStrategies(value: unknown): Strategies {
  if (value === undefined) return {}
  return Object.fromEntries(
    Object.entries(readObject(value, 'strategies')).map(([collection, strategy]): [string, Strategy] => [
      readAs(collection, 'collection', 'a collection name', isName),
      readAs(strategy, 'strategy', 'a strategy', isStrategy),
    ]),
  )
}
