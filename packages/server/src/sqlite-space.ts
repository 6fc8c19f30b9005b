import type { DatabaseSync } from 'node:sqlite'
import type { DocumentKey, SpaceChanges, SpaceTransaction } from '@whisker/protocol'
import { sqliteReader } from './sqlite-reader.ts'
import { oneOf, prepare } from './sqlite-statements.ts'

const WRITES = {
  findSpace: 'SELECT id FROM space WHERE name = ?',
  addSpace: `INSERT INTO space (head, highest_time, collected, documents, bytes, digest_documents, digest_hash, name)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  putSpace: `UPDATE space SET head = ?, highest_time = ?, collected = ?, documents = ?, bytes = ?,
    digest_documents = ?, digest_hash = ? WHERE id = ?`,
  addStrategy: 'INSERT INTO strategy (space, collection, strategy, seq) VALUES (?, ?, ?, ?)',
  putReplica: `INSERT INTO replica
    (space, replica, principal, device, device_name, last_counter, last_check, seen_ms, since, retired)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET device = excluded.device, device_name = excluded.device_name,
      last_counter = excluded.last_counter, last_check = excluded.last_check, seen_ms = excluded.seen_ms, since = excluded.since,
      retired = excluded.retired`,
  addCheck: 'INSERT INTO kept_check (space, replica, counter, value) VALUES (?, ?, ?, ?)',
  forgetChecks: 'DELETE FROM kept_check WHERE space = ? AND replica = ? AND counter <= ?',
  putDocument: `INSERT INTO document (space, collection, document, seq, tail_start, state_bytes, tail_bytes, version, tombstone_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (space, collection, document) DO UPDATE SET seq = excluded.seq, tail_start = excluded.tail_start,
      state_bytes = excluded.state_bytes, tail_bytes = excluded.tail_bytes, version = excluded.version,
      tombstone_ms = excluded.tombstone_ms
    RETURNING id`,
  putState: `INSERT INTO document_state (document, text) VALUES (?, ?) ON CONFLICT DO UPDATE SET text = excluded.text`,
  addToTail: 'INSERT INTO document_tail (document, seq, replica, counter, text) VALUES (?, ?, ?, ?, ?)',
  findDocument: 'SELECT id FROM document WHERE space = ? AND collection = ? AND document = ?',
  removeTail: 'DELETE FROM document_tail WHERE document = ?',
  removeState: 'DELETE FROM document_state WHERE document = ?',
  removeDocument: 'DELETE FROM document WHERE id = ?',
  addRevoked: 'INSERT INTO revoked_device (space, device, at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  cutTail: 'DELETE FROM document_tail WHERE document = ? AND seq <= ?',
} as const

/** Reads and writes a space, inside the transaction that the connection is in. */
export function sqliteTransaction(database: DatabaseSync): (space: string) => SpaceTransaction {
  const read = sqliteReader(database)
  const writes = prepare(database, WRITES)

  function putSpace(name: string, { head, highestTime, collected, usage, digest }: SpaceChanges): number {
    const cells = [head, highestTime, collected, usage.documents, usage.bytes, digest.documents, digest.hash]
    const found = oneOf(writes.findSpace, name)?.[0] as number | undefined
    if (found === undefined) return Number(writes.addSpace.run(...cells, name).lastInsertRowid)
    writes.putSpace.run(...cells, found)
    return found
  }

  function putReplica(space: number, { row, checks, forgetUpTo }: SpaceChanges['replicas'][number]): void {
    const { replica, principal, device, last, seenMs, since } = row
    const retired = row.isRetired ? 1 : 0
    const cells = [principal, device.id, device.name, last.counter, last.check, seenMs, since, retired]
    writes.putReplica.run(space, replica, ...cells)
    for (const { counter, check } of checks) writes.addCheck.run(space, replica, counter, check)
    if (forgetUpTo > 0) writes.forgetChecks.run(space, replica, forgetUpTo)
  }

  function putDocument(space: number, { row, state, appended }: SpaceChanges['documents'][number]): void {
    const { collection, document, seq, tailStart, stateBytes, tailBytes, tombstoneMs } = row
    const version = JSON.stringify(row.version.flatMap(({ replica, counter }) => [replica, counter]))
    const cells = [collection, document, seq, tailStart, stateBytes, tailBytes, version, tombstoneMs ?? null]
    const number = oneOf(writes.putDocument, space, ...cells)?.[0] as number
    if (state !== undefined) {
      writes.putState.run(number, state)
      writes.cutTail.run(number, tailStart)
    }
    for (const { seq: at, replica, counter, text } of appended) writes.addToTail.run(number, at, replica, counter, text)
  }

  function remove(space: number, { collection, document }: DocumentKey): void {
    const number = oneOf(writes.findDocument, space, collection, document)?.[0] as number | undefined
    if (number === undefined) return
    writes.removeTail.run(number)
    writes.removeState.run(number)
    writes.removeDocument.run(number)
  }

  return (name) => ({
    ...read(name),
    async put(changes) {
      const space = putSpace(name, changes)
      for (const { collection, strategy, seq } of changes.strategies)
        writes.addStrategy.run(space, collection, strategy, seq)
      for (const replica of changes.replicas) putReplica(space, replica)
      for (const document of changes.removed) remove(space, document)
      for (const document of changes.documents) putDocument(space, document)
      for (const { device, atMs } of changes.revoked) writes.addRevoked.run(space, device, atMs)
    },
  })
}
