import { type DocumentState, type Write, nameKey } from '../document-state.ts'
import { type Dot, formatDot, isReplicaId, sameDot } from '../identity.ts'
import { type JsonValue, isJsonObject } from '../json.ts'
import { NO_NAMES } from '../operation.ts'
import { EMPTY_VERSION, covers } from '../version-vector.ts'
import { decodeDelta, decodeNames, encodeDelta, encodeNames } from './operation-codec.ts'
import { readAs, readInteger, readList, refuse } from './reading.ts'
import { ReplicaTable, readDot, readReplicaIds, readVersion } from './replica-table.ts'

/*
 * A document that was written once:  [replica, counter, time, content]
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
  return [table.ids, pairs, ...encoded]
}

export function decodeState(value: unknown, where: string): DocumentState {
  const list = readList(value, where)
  return typeof list[0] === 'string' ? decodeOnce(list, where) : decodeAny(list, where)
}

function decodeOnce(list: readonly unknown[], where: string): DocumentState {
  const dot: Dot = {
    replica: readAs(list[0], where, 'a replica id', isReplicaId),
    counter: readInteger(list[1], where, 1),
  }
  const [write] = decodeDelta([[[], list[3]]], where)
  if (!write || !isJsonObject(write.value)) refuse(where, 'a whole document', list[3])
  const time = readInteger(list[2], where)
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
