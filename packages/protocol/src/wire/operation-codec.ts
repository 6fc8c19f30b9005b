import { type ReplicaId, isDocumentId, isName } from '../identity.ts'
import { type JsonValue, isJsonObject } from '../json.ts'
import { LIMITS } from '../limits.ts'
import { type PushEntry, isVoid } from '../messages.ts'
import {
  type Delta,
  type FieldWrite,
  NO_NAMES,
  OPERATION_TYPES,
  type Operation,
  type OperationType,
  type Path,
  type Root,
  type WriteName,
  comparePaths,
  isDelete,
  isPrefix,
} from '../operation.ts'
import { readAs, readInteger, readJson, readList, readText, refuse } from './reading.ts'
import { ReplicaTable, readDot, readReplica, readReplicaIds, readVersion } from './replica-table.ts'

/*
 * body   [type, replica, counter, time, base, delta, keep?, drop?]   empty lists at the end are left out
 * delta  [path, value] …, or [path] for a removal
 * path   keys; a path that begins with 0 is in the metadata
 * name   [replica, counter, path]
 */

const BODY_LENGTH = 8

export function encodeBody(operation: Operation, table: ReplicaTable): JsonValue[] {
  const { type, dot, time, base, delta, keep, drop } = operation
  const body: JsonValue[] = [
    OPERATION_TYPES.indexOf(type),
    table.indexOf(dot.replica),
    dot.counter,
    time,
    table.encodeVersion(base),
    encodeDelta(delta),
  ]
  if (keep.length || drop.length) body.push(encodeNames(keep, table))
  if (drop.length) body.push(encodeNames(drop, table))
  return body
}

export function decodeBody(
  body: readonly unknown[],
  collection: string,
  document: string,
  ids: readonly ReplicaId[],
  where: string,
): Operation {
  readList(body, where, BODY_LENGTH)
  const type = OPERATION_TYPES[readInteger(body[0], `${where} type`, 0, OPERATION_TYPES.length - 1)] as OperationType
  const operation: Operation = {
    type,
    collection,
    document,
    dot: readDot(body[1], body[2], ids, `${where} dot`),
    time: readInteger(body[3], `${where} time`),
    base: readVersion(body[4], ids, `${where} base`),
    delta: decodeDelta(body[5], `${where} delta`),
    keep: decodeNames(body[6], ids, `${where} keep`),
    drop: decodeNames(body[7], ids, `${where} drop`),
  }
  checkForm(operation, where)
  return operation
}

/** What each type of operation must write. */
function checkForm({ type, delta, drop }: Operation, where: string): void {
  const [first] = delta
  const isContentRoot = first?.root === 'content' && first.path.length === 0
  if (type === 'create' && !(isContentRoot && isJsonObject(first.value)))
    refuse(where, 'a create with a whole document', delta)
  if (type === 'delete' && !(isContentRoot && first.value === undefined))
    refuse(where, 'a delete of the whole document', delta)
  if (type === 'update' && delta.some(isDelete)) refuse(where, 'an update that deletes nothing', delta)
  if (type === 'metadata_update' && delta.some((write) => write.root !== 'metadata'))
    refuse(where, 'metadata only', delta)
  if (delta.length === 0 && drop.length === 0) refuse(where, 'an operation that writes or drops something', delta)
}

const encodePath = (root: Root, path: Path): JsonValue[] => (root === 'metadata' ? [0, ...path] : [...path])

function decodePath(value: unknown, where: string): { root: Root; path: Path } {
  const list = readList(value, where, LIMITS.depth + 1)
  const root: Root = list[0] === 0 ? 'metadata' : 'content'
  const path = (root === 'metadata' ? list.slice(1) : list).map((key) => readText(key, where, LIMITS.documentBytes))
  if (path.length > LIMITS.depth) refuse(where, `at most ${LIMITS.depth} keys`, path.length)
  // Keys of a path are under the same ban as keys of a value.
  for (const key of path) readJson({ [key]: null }, where, 1)
  return { root, path }
}

export const encodeDelta = (delta: Delta): JsonValue[] =>
  delta.map(({ root, path, value }) =>
    value === undefined ? [encodePath(root, path)] : [encodePath(root, path), value],
  )

export function decodeDelta(value: unknown, where: string): Delta {
  const delta = readList(value, where).map((entry): FieldWrite => {
    const [path, ...written] = readList(entry, where, 2)
    const place = decodePath(path, where)
    if (written.length === 0) return { ...place, value: undefined }
    const [content] = written
    if (place.path.length === 0 && !isJsonObject(content)) refuse(where, 'an object at a root', content)
    return { ...place, value: readJson(content, where, LIMITS.depth - place.path.length) }
  })
  checkApart(delta, where)
  return delta
}

/** No write of one operation covers another. */
function checkApart(delta: Delta, where: string): void {
  const places = delta.map(({ root, path }) => [root, ...path]).sort(comparePaths)
  for (let index = 1; index < places.length; index++) {
    if (isPrefix(places[index - 1] as Path, places[index] as Path)) {
      refuse(where, 'writes that do not overlap', places[index])
    }
  }
}

export const encodeNames = (names: readonly WriteName[], table: ReplicaTable): JsonValue[] =>
  names.map(({ dot, root, path }) => [table.indexOf(dot.replica), dot.counter, encodePath(root, path)])

export function decodeNames(value: unknown, ids: readonly ReplicaId[], where: string): readonly WriteName[] {
  if (value === undefined) return NO_NAMES
  const names = readList(value, where).map((entry): WriteName => {
    const [replica, counter, path] = readList(entry, where, 3)
    return { dot: readDot(replica, counter, ids, where), ...decodePath(path, where) }
  })
  return names.length ? names : NO_NAMES
}

/** An entry of a push: `[collection, document, …body]`, or `[replica, from, to]` for voided counters. */
export const encodeEntry = (entry: PushEntry, table: ReplicaTable): JsonValue[] =>
  isVoid(entry)
    ? [table.indexOf(entry.replica), entry.from, entry.to]
    : [entry.collection, entry.document, ...encodeBody(entry, table)]

export function decodeEntry(value: unknown, ids: readonly ReplicaId[], where: string): PushEntry {
  const list = readList(value, where)
  if (typeof list[0] === 'number') {
    const [replica, first, to] = readList(list, where, 3)
    const from = readInteger(first, `${where} from`, 1)
    return { replica: readReplica(replica, ids, where), from, to: readInteger(to, `${where} to`, from) }
  }
  const { collection, document } = readKey(list[0], list[1], where)
  return decodeBody(list.slice(2), collection, document, ids, where)
}

export const readKey = (
  collection: unknown,
  document: unknown,
  where: string,
): { collection: string; document: string } => ({
  collection: readAs(collection, `${where} collection`, 'a collection name', isName),
  document: readAs(document, `${where} document`, 'a document id', isDocumentId),
})

/** An operation that stands alone, in a stored row's tail: `[ids, …body]`. */
export function encodeTailOperation(operation: Operation): JsonValue[] {
  const table = new ReplicaTable()
  const body = encodeBody(operation, table)
  return [table.entries, ...body]
}

export function decodeTailOperation(value: unknown, collection: string, document: string, where: string): Operation {
  const [ids, ...body] = readList(value, where)
  return decodeBody(body, collection, document, readReplicaIds(ids, where), where)
}

/** An entry that stands alone, in a client's outbox: `[ids, …entry]`. */
export function encodeStoredEntry(entry: PushEntry): JsonValue[] {
  const table = new ReplicaTable()
  const encoded = encodeEntry(entry, table)
  return [table.entries, ...encoded]
}

export function decodeStoredEntry(value: unknown, where: string): PushEntry {
  const [ids, ...entry] = readList(value, where)
  return decodeEntry(entry, readReplicaIds(ids, where), where)
}
