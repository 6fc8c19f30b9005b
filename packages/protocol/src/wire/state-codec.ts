import { type DocumentState, type Write, nameKey } from '../document-state.ts'
import { type Dot, type ReplicaId, formatDot, isReplicaId, sameDot } from '../identity.ts'
import { type JsonValue, isJsonObject } from '../json.ts'
import { NO_NAMES } from '../operation.ts'
import { EMPTY_VERSION, covers } from '../version-vector.ts'
import type { TableReader } from './index-table.ts'
import { decodeDelta, decodeNames, encodeDelta, encodeNames } from './operation-codec.ts'
import { readAs, readInteger, readList, refuse } from './reading.ts'
import { ReplicaTable, readDot, readReplicaIds, readVersion } from './replica-table.ts'

/*
 * A document that was written once:  [id, counter, time, content]
 * Any other:                         [ids, version, group …]
 * group                              [replica, counter, time, base, delta, keep?]   the live writes of one operation
 */

export function encodeState(state: DocumentState): JsonValue[] {
  return encodeOnce(state) ?? encodeAny(state)
}

function encodeOnce({ version, writes }: DocumentState): JsonValue[] | undefined {
  const [write, second] = writes
  if (!write || second || version.length !== 1 || !sameDot(version[0] as Dot, write.dot)) return undefined
  if (write.root !== 'content' || write.path.length || write.value === undefined) return undefined
  if (write.base.length || write.keep.length) return undefined
  return [write.dot.replica, write.dot.counter, write.time, write.value]
}

function encodeAny({ version, writes }: DocumentState): JsonValue[] {
  const table = new ReplicaTable()
  const pairs = table.encodeVersion(version)
  const groups = new Map<string, Write[]>()
  for (const write of writes) {
    const name = formatDot(write.dot)
    const group = groups.get(name)
    if (group) group.push(write)
    else groups.set(name, [write])
  }
  const encoded = [...groups.values()].map((group): JsonValue => {
    const { dot, time, base, keep } = group[0] as Write
    const tuple: JsonValue[] = [
      table.indexOf(dot.replica),
      dot.counter,
      time,
      table.encodeVersion(base),
      encodeDelta(group),
    ]
    return keep.length ? [...tuple, encodeNames(keep, table)] : tuple
  })
  return [table.entries, pairs, ...encoded]
}

export const decodeState = (value: unknown, where: string): DocumentState =>
  decodeWith((id) => readAs(id, where, 'a replica id', isReplicaId), value, where)

/** A state in a page, where the replica of a document that was written once stands in the page's table. */
export const decodeSharedState = (value: unknown, ids: TableReader<ReplicaId>, where: string): DocumentState =>
  decodeWith((index) => ids.read(index, `${where} replica`), value, where)

function decodeWith(readWriter: (value: unknown) => ReplicaId, value: unknown, where: string): DocumentState {
  const list = readList(value, where)
  return Array.isArray(list[0]) ? decodeAny(list, where) : decodeOnce(readWriter(list[0]), list, where)
}

function decodeOnce(replica: ReplicaId, list: readonly unknown[], where: string): DocumentState {
  const [, counter, at, content] = readList(list, where, 4)
  const dot: Dot = { replica, counter: readInteger(counter, where, 1) }
  const [write] = decodeDelta([[[], content]], where)
  if (!write || !isJsonObject(write.value)) refuse(where, 'a whole document', content)
  const time = readInteger(at, where)
  return { version: [dot], writes: [{ ...write, dot, time, base: EMPTY_VERSION, keep: NO_NAMES }] }
}

function decodeAny(list: readonly unknown[], where: string): DocumentState {
  const ids = readReplicaIds(list[0], `${where} ids`)
  const version = readVersion(list[1], ids, `${where} version`)
  const writes = list.slice(2).flatMap((group) => {
    const [replica, counter, time, base, delta, keep] = readList(group, where, 6)
    const stamp = {
      dot: readDot(replica, counter, ids, where),
      time: readInteger(time, where),
      base: readVersion(base, ids, where),
      keep: decodeNames(keep, ids, where),
    }
    if (!covers(version, stamp.dot)) refuse(where, 'writes that the version has integrated', stamp.dot)
    return decodeDelta(delta, where).map((write): Write => ({ ...write, ...stamp }))
  })
  if (new Set(writes.map(nameKey)).size !== writes.length) refuse(where, 'each write once', writes)
  return { version, writes }
}
