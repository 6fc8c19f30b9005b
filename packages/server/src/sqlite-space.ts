import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type {
  DeviceId,
  Dot,
  EpochId,
  ReplicaId,
  ReplicaRow,
  SpaceChanges,
  SpaceReader,
  SpaceTransaction,
  Strategy,
  SyncRow,
  TailEntry,
  VersionVector,
} from '@whisker/protocol'

/** A row of this store: it remembers the number of its document, by which its texts are found. */
interface NumberedRow extends SyncRow {
  readonly number: number
}

type Cells = readonly unknown[]

const DOCUMENT = 'id, collection, document, seq, tail_start, state_bytes, tail_bytes, version'

const READS = {
  space: 'SELECT id, head, highest_time, collected FROM space WHERE name = ?',
  epochs: `SELECT epoch.id, coalesce(epoch_began.began, 0) FROM epoch
    LEFT JOIN epoch_began ON epoch_began.epoch = epoch.ordinal AND epoch_began.space = ? ORDER BY epoch.ordinal`,
  strategies: 'SELECT collection, strategy, seq FROM strategy WHERE space = ? ORDER BY seq, collection',
  replica: `SELECT replica, principal, device, device_name, last_counter, last_check, seen_ms, since
    FROM replica WHERE space = ? AND replica = ?`,
  checks: 'SELECT counter, value FROM kept_check WHERE space = ? AND replica = ? AND counter >= ? ORDER BY counter',
  document: `SELECT ${DOCUMENT} FROM document WHERE space = ? AND collection = ? AND document = ?`,
  changed: `SELECT ${DOCUMENT} FROM document WHERE space = ? AND seq > ? ORDER BY seq LIMIT ?`,
  state: 'SELECT text FROM document_state WHERE document = ?',
  tail: 'SELECT seq, replica, counter, text FROM document_tail WHERE document = ? AND seq > ? ORDER BY seq',
} as const

const WRITES = {
  addSpace: 'INSERT INTO space (name, head, highest_time, collected) VALUES (?, ?, ?, ?)',
  putSpace: 'UPDATE space SET head = ?, highest_time = ?, collected = ? WHERE id = ?',
  addStrategy: 'INSERT INTO strategy (space, collection, strategy, seq) VALUES (?, ?, ?, ?)',
  putReplica: `INSERT INTO replica
    (space, replica, principal, device, device_name, last_counter, last_check, seen_ms, since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET device = excluded.device, device_name = excluded.device_name,
      last_counter = excluded.last_counter, last_check = excluded.last_check, seen_ms = excluded.seen_ms, since = excluded.since`,
  addCheck: 'INSERT INTO kept_check (space, replica, counter, value) VALUES (?, ?, ?, ?)',
  forgetChecks: 'DELETE FROM kept_check WHERE space = ? AND replica = ? AND counter <= ?',
  putDocument: `INSERT INTO document (space, collection, document, seq, tail_start, state_bytes, tail_bytes, version)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (space, collection, document) DO UPDATE SET seq = excluded.seq, tail_start = excluded.tail_start,
      state_bytes = excluded.state_bytes, tail_bytes = excluded.tail_bytes, version = excluded.version
    RETURNING id`,
  putState: `INSERT INTO document_state (document, text) VALUES (?, ?) ON CONFLICT DO UPDATE SET text = excluded.text`,
  addToTail: 'INSERT INTO document_tail (document, seq, replica, counter, text) VALUES (?, ?, ?, ?, ?)',
  cutTail: 'DELETE FROM document_tail WHERE document = ? AND seq <= ?',
} as const

type Statements<Names extends string> = Readonly<Record<Names, StatementSync>>

/** The statements of one connection, prepared once. Rows come as lists. */
function prepare<Names extends string>(
  database: DatabaseSync,
  texts: Readonly<Record<Names, string>>,
): Statements<Names> {
  const prepared = Object.entries<string>(texts).map(([name, text]) => {
    const statement = database.prepare(text)
    statement.setReturnArrays(true)
    return [name, statement] as const
  })
  return Object.fromEntries(prepared) as Statements<Names>
}

const allOf = (statement: StatementSync, ...values: SQLInputValue[]): readonly Cells[] =>
  statement.all(...values) as unknown as readonly Cells[]
const oneOf = (statement: StatementSync, ...values: SQLInputValue[]): Cells | undefined =>
  statement.get(...values) as unknown as Cells | undefined

/** Reads a space over one connection, inside whatever transaction that is in. */
export function sqliteReader(database: DatabaseSync): (space: string) => SpaceReader {
  const reads = prepare(database, READS)
  return (name) => {
    // No space has the number 0: of what nobody wrote yet, every question finds nothing.
    const number = (): number => Number(oneOf(reads.space, name)?.[0] ?? 0)
    return {
      async space() {
        const [id = 0, head = 0, highestTime = 0, collected = 0] = oneOf(reads.space, name) ?? []
        return {
          exists: id !== 0,
          head: head as number,
          highestTime: highestTime as number,
          collected: collected as number,
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
      async states(rows) {
        return rows.map((row) => oneOf(reads.state, numberOf(row))?.[0] as string)
      },
      async tails(requests) {
        return requests.map(({ row, after }) => allOf(reads.tail, numberOf(row), after).map(toTailEntry))
      },
    }
  }
}

/** Reads and writes a space, inside the transaction that the connection is in. */
export function sqliteTransaction(database: DatabaseSync): (space: string) => SpaceTransaction {
  const read = sqliteReader(database)
  const findSpace = prepare(database, { space: READS.space }).space
  const writes = prepare(database, WRITES)

  function putSpace(name: string, { head, highestTime, collected }: SpaceChanges): number {
    const found = oneOf(findSpace, name)?.[0] as number | undefined
    if (found === undefined) return Number(writes.addSpace.run(name, head, highestTime, collected).lastInsertRowid)
    writes.putSpace.run(head, highestTime, collected, found)
    return found
  }

  function putReplica(space: number, { row, checks, forgetUpTo }: SpaceChanges['replicas'][number]): void {
    const { replica, principal, device, last, seenMs, since } = row
    writes.putReplica.run(space, replica, principal, device.id, device.name, last.counter, last.check, seenMs, since)
    for (const { counter, check } of checks) writes.addCheck.run(space, replica, counter, check)
    if (forgetUpTo > 0) writes.forgetChecks.run(space, replica, forgetUpTo)
  }

  function putDocument(space: number, { row, state, appended }: SpaceChanges['documents'][number]): void {
    const { collection, document, seq, tailStart, stateBytes, tailBytes } = row
    const version = JSON.stringify(row.version.flatMap(({ replica, counter }) => [replica, counter]))
    const [id] =
      oneOf(writes.putDocument, space, collection, document, seq, tailStart, stateBytes, tailBytes, version) ?? []
    const number = id as number
    if (state !== undefined) {
      writes.putState.run(number, state)
      writes.cutTail.run(number, tailStart)
    }
    for (const { seq: at, replica, counter, text } of appended) writes.addToTail.run(number, at, replica, counter, text)
  }

  return (name) => ({
    ...read(name),
    async put(changes) {
      const space = putSpace(name, changes)
      for (const { collection, strategy, seq } of changes.strategies)
        writes.addStrategy.run(space, collection, strategy, seq)
      for (const replica of changes.replicas) putReplica(space, replica)
      for (const document of changes.documents) putDocument(space, document)
    },
  })
}

const numberOf = (row: SyncRow): number => (row as NumberedRow).number

const toRow = ([number, collection, document, seq, tailStart, stateBytes, tailBytes, version]: Cells): NumberedRow => ({
  number: number as number,
  collection: collection as string,
  document: document as string,
  seq: seq as number,
  tailStart: tailStart as number,
  stateBytes: stateBytes as number,
  tailBytes: tailBytes as number,
  version: toVersion(JSON.parse(version as string) as readonly (string | number)[]),
})

function toVersion(flat: readonly (string | number)[]): VersionVector {
  const dots: Dot[] = []
  for (let index = 0; index < flat.length; index += 2) {
    dots.push({ replica: flat[index] as ReplicaId, counter: flat[index + 1] as number })
  }
  return dots
}

const toReplica = ([replica, principal, device, deviceName, counter, check, seenMs, since]: Cells): ReplicaRow => ({
  replica: replica as ReplicaId,
  principal: principal as string,
  device: { id: device as DeviceId, name: deviceName as string },
  last: { counter: counter as number, check: check as number },
  seenMs: seenMs as number,
  since: since as number,
})

const toTailEntry = ([seq, replica, counter, text]: Cells): TailEntry => ({
  seq: seq as number,
  replica: replica as ReplicaId,
  counter: counter as number,
  text: text as string,
})
