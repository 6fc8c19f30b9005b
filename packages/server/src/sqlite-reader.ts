import type { DatabaseSync } from 'node:sqlite'
import type {
  DeviceId,
  Dot,
  EpochId,
  ReplicaId,
  ReplicaRow,
  SpaceReader,
  Strategy,
  SyncRow,
  TailEntry,
  VersionVector,
} from '@whisker/protocol'
import { type Cells, allOf, oneOf, prepare } from './sqlite-statements.ts'

/** A row of this store: it remembers the number of its document, by which its texts are found. */
interface NumberedRow extends SyncRow {
  readonly number: number
}

const DOCUMENT = 'id, collection, document, seq, tail_start, state_bytes, tail_bytes, version, tombstone_ms'
const REPLICA = 'replica, principal, device, device_name, last_counter, last_check, seen_ms, since, retired'

const READS = {
  space: `SELECT id, head, highest_time, collected, documents, bytes, digest_documents, digest_hash
    FROM space WHERE name = ?`,
  number: 'SELECT id FROM space WHERE name = ?',
  epochs: `SELECT epoch.id, coalesce(epoch_began.began, 0) FROM epoch
    LEFT JOIN epoch_began ON epoch_began.epoch = epoch.ordinal AND epoch_began.space = ? ORDER BY epoch.ordinal`,
  strategies: 'SELECT collection, strategy, seq FROM strategy WHERE space = ? ORDER BY seq, collection',
  replica: `SELECT ${REPLICA} FROM replica WHERE space = ? AND replica = ?`,
  allReplicas: `SELECT ${REPLICA} FROM replica WHERE space = ? ORDER BY replica`,
  revoked: 'SELECT at_ms FROM revoked_device WHERE space = ? AND device = ?',
  checks: 'SELECT counter, value FROM kept_check WHERE space = ? AND replica = ? AND counter >= ? ORDER BY counter',
  document: `SELECT ${DOCUMENT} FROM document WHERE space = ? AND collection = ? AND document = ?`,
  changed: `SELECT ${DOCUMENT} FROM document WHERE space = ? AND seq > ? ORDER BY seq LIMIT ?`,
  // Told which index: the other one would go through every document.
  tombstones: `SELECT ${DOCUMENT} FROM document INDEXED BY document_tombstone
    WHERE space = ? AND seq <= ? AND tombstone_ms IS NOT NULL ORDER BY seq LIMIT ?`,
  lastTombstone: `SELECT seq FROM document
    WHERE space = ? AND seq <= ? AND tombstone_ms IS NOT NULL AND tombstone_ms < ? ORDER BY seq DESC LIMIT 1`,
  state: 'SELECT text FROM document_state WHERE document = ?',
  tail: 'SELECT seq, replica, counter, text FROM document_tail WHERE document = ? AND seq > ? ORDER BY seq',
} as const

/** Reads a space over one connection, inside whatever transaction that is in. */
export function sqliteReader(database: DatabaseSync): (space: string) => SpaceReader {
  const reads = prepare(database, READS)
  return (name) => {
    let known = 0
    // No space has the number 0: of what nobody wrote yet, every question finds nothing, until it is there.
    const number = (): number => (known ||= Number(oneOf(reads.number, name)?.[0] ?? 0))
    return {
      async space() {
        const found = oneOf(reads.space, name) ?? []
        const [id = 0, head = 0, highestTime = 0, collected = 0, documents = 0, bytes = 0, counted = 0, hash = 0] =
          found
        return {
          exists: id !== 0,
          head: head as number,
          highestTime: highestTime as number,
          collected: collected as number,
          usage: { documents: documents as number, bytes: bytes as number },
          digest: { documents: counted as number, hash: hash as number },
          epochs: allOf(reads.epochs, id as number).map(([epoch, began]) => ({
            id: epoch as EpochId,
            began: began as number,
          })),
          strategies: allOf(reads.strategies, id as number).map(([collection, strategy, seq]) => ({
            collection: collection as string,
            strategy: strategy as Strategy,
            seq: seq as number,
          })),
        }
      },
      async replicas(ids) {
        const space = number()
        return ids
          .map((id) => oneOf(reads.replica, space, id))
          .filter((row) => row !== undefined)
          .map(toReplica)
      },
      async allReplicas() {
        return allOf(reads.allReplicas, number()).map(toReplica)
      },
      async revokedAt(device) {
        return oneOf(reads.revoked, number(), device)?.[0] as number | undefined
      },
      async checks(replica, from) {
        return allOf(reads.checks, number(), replica, from).map(([counter, check]) => ({
          counter: counter as number,
          check: check as number,
        }))
      },
      async documents(keys) {
        const space = number()
        return keys
          .map(({ collection, document }) => oneOf(reads.document, space, collection, document))
          .filter((row) => row !== undefined)
          .map(toRow)
      },
      async changedAfter(after, limit) {
        return allOf(reads.changed, number(), after, limit).map(toRow)
      },
      async tombstones(upTo, limit) {
        return allOf(reads.tombstones, number(), upTo, limit).map(toRow)
      },
      async lastTombstone(upTo, beforeMs) {
        return (oneOf(reads.lastTombstone, number(), upTo, beforeMs)?.[0] ?? 0) as number
      },
      async states(rows) {
        return rows.map((row) => oneOf(reads.state, numberOf(row))?.[0] as string)
      },
      async tails(requests) {
        return requests.map(({ row, after }) => allOf(reads.tail, numberOf(row), after).map(toTailEntry))
      },
    }
  }
}

const numberOf = (row: SyncRow): number => (row as NumberedRow).number

const toRow = (cells: Cells): NumberedRow => {
  const [number, collection, document, seq, tailStart, stateBytes, tailBytes, version, tombstoneMs] = cells
  return {
    number: number as number,
    collection: collection as string,
    document: document as string,
    seq: seq as number,
    tailStart: tailStart as number,
    stateBytes: stateBytes as number,
    tailBytes: tailBytes as number,
    version: toVersion(JSON.parse(version as string) as readonly (string | number)[]),
    tombstoneMs: (tombstoneMs ?? undefined) as number | undefined,
  }
}

function toVersion(flat: readonly (string | number)[]): VersionVector {
  const dots: Dot[] = []
  for (let index = 0; index < flat.length; index += 2) {
    dots.push({ replica: flat[index] as ReplicaId, counter: flat[index + 1] as number })
  }
  return dots
}

const toReplica = (cells: Cells): ReplicaRow => {
  const [replica, principal, device, deviceName, counter, check, seenMs, since, retired] = cells
  return {
    replica: replica as ReplicaId,
    principal: principal as string,
    device: { id: device as DeviceId, name: deviceName as string },
    last: { counter: counter as number, check: check as number },
    seenMs: seenMs as number,
    since: since as number,
    isRetired: retired === 1,
  }
}

const toTailEntry = ([seq, replica, counter, text]: Cells): TailEntry => ({
  seq: seq as number,
  replica: replica as ReplicaId,
  counter: counter as number,
  text: text as string,
})
