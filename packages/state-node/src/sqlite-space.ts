import type { DatabaseSync, StatementSync } from 'node:sqlite'
import {
  type DeviceId,
  type SpaceStore,
  type StoreCommit,
  type StoredSpace,
  SyncError,
  isDeviceId,
} from '@whisker/protocol'
import { inTransaction } from './database.ts'
import { SPACE_TABLES } from './schema.ts'
import { damaged, toStoreError } from './store-errors.ts'

/** An open connection and where it leads. */
export interface Place {
  readonly database: DatabaseSync
  readonly path: string
  /** Gives back the connection and the lock. */
  release(): void
}

/** One space of a store. Its work is synchronous inside: a method has done all of it when its promise is made. */
export function openSpace(place: Place, name: string, mintDevice: () => DeviceId): SpaceStore {
  const { database, path } = place
  const { device, space } = enter(place, name, mintDevice)
  const reads = readsOf(database)
  const writes = writesOf(database)
  let isOpen = true

  const revision = (): number | undefined => reads.revision.get(space)?.[0] as number | undefined

  const whileOpen = <T>(work: () => T): T => {
    if (!isOpen) throw new SyncError('closed', `The space "${name}" in ${path} was closed.`, { fix: 'Open it again.' })
    try {
      return work()
    } catch (thrown) {
      throw toStoreError(thrown, path)
    }
  }

  const end = (): void => {
    isOpen = false
    place.release()
  }

  return {
    device,
    async load() {
      return whileOpen(() =>
        inTransaction(database, 'BEGIN', () => ({
          revision: revision() ?? 0,
          records: reads.records.all(space) as unknown as StoredSpace['records'],
          documents: reads.documents.all(space) as unknown as StoredSpace['documents'],
          outbox: reads.outbox.all(space) as unknown as StoredSpace['outbox'],
          rejected: reads.rejected.all(space) as unknown as StoredSpace['rejected'],
        })),
      )
    },
    async commit(commit) {
      whileOpen(() => {
        checkTexts(commit)
        inTransaction(database, 'BEGIN IMMEDIATE', () => {
          const stored = revision()
          if (stored !== commit.revision) throw movedOn(name, commit.revision, stored)
          writes.records(space, commit.records)
          writes.documents(space, commit.documents)
          writes.outbox(space, commit.outbox)
          writes.rejected(space, commit.rejected)
          writes.advance.run(space)
        })
      })
    },
    watch() {
      // A space has one opening at a time, so nobody else commits to it
      return () => undefined
    },
    async close() {
      if (isOpen) end()
    },
    async destroy() {
      whileOpen(() => {
        inTransaction(database, 'BEGIN IMMEDIATE', () => {
          for (const table of SPACE_TABLES) database.prepare(`DELETE FROM ${table} WHERE space = ?`).run(space)
          database.prepare('DELETE FROM spaces WHERE space = ?').run(space)
        })
        forgetLog(database)
        end()
      })
    },
  }
}

/** The device id and the space's number, both made in one transaction if they are new. */
function enter(
  { database, path }: Place,
  name: string,
  mintDevice: () => DeviceId,
): { device: DeviceId; space: number } {
  return inTransaction(database, 'BEGIN IMMEDIATE', () => {
    const stored = database.prepare('SELECT id FROM device').get()?.['id']
    if (stored !== undefined && !isDeviceId(stored)) throw damaged(path, 'its device id is none')
    const device = stored ?? mintDevice()
    if (stored === undefined) database.prepare('INSERT INTO device VALUES (1, ?)').run(device)
    database.prepare('INSERT INTO spaces (name, revision) VALUES (?, 0) ON CONFLICT DO NOTHING').run(name)
    const space = database.prepare('SELECT space FROM spaces WHERE name = ?').get(name)?.['space']
    return { device, space: space as number }
  })
}

/** Rows come as arrays, which are faster and are what the port speaks. */
function readsOf(database: DatabaseSync): Record<'revision' | (typeof SPACE_TABLES)[number], StatementSync> {
  const rows = (sql: string): StatementSync => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  return {
    revision: rows('SELECT revision FROM spaces WHERE space = ?'),
    records: rows('SELECT name, text FROM records WHERE space = ?'),
    documents: rows('SELECT collection, document, text FROM documents WHERE space = ?'),
    outbox: rows('SELECT position, text FROM outbox WHERE space = ? ORDER BY position'),
    rejected: rows('SELECT name, text FROM rejected WHERE space = ?'),
  }
}

type Write = (space: number, rows: readonly (readonly [...(string | number)[], string | undefined])[]) => void

function writesOf(database: DatabaseSync): Record<(typeof SPACE_TABLES)[number], Write> & { advance: StatementSync } {
  const table = (name: string, keys: readonly string[]): Write => {
    const columns = ['space', ...keys, 'text']
    const put = database.prepare(
      `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
       ON CONFLICT DO UPDATE SET text = excluded.text`,
    )
    const remove = database.prepare(
      `DELETE FROM ${name} WHERE space = ? AND ${keys.map((key) => `${key} = ?`).join(' AND ')}`,
    )
    return (space, rows) => {
      for (const row of rows) {
        const text = row.at(-1)
        const key = row.slice(0, -1) as (string | number)[]
        if (text === undefined) remove.run(space, ...key)
        else put.run(space, ...key, text)
      }
    }
  }
  return {
    records: table('records', ['name']),
    documents: table('documents', ['collection', 'document']),
    outbox: table('outbox', ['position']),
    rejected: table('rejected', ['name']),
    advance: database.prepare('UPDATE spaces SET revision = revision + 1 WHERE space = ?'),
  }
}

/** What SQLite would change silently (half a surrogate pair) or could not read back (a fraction) is refused. */
function checkTexts({ records, documents, outbox, rejected }: StoreCommit): void {
  for (const rows of [records, documents, outbox, rejected]) {
    for (const row of rows) {
      for (const cell of row) {
        if (typeof cell === 'number' ? Number.isSafeInteger(cell) : (cell?.isWellFormed() ?? true)) continue
        throw new SyncError(
          'invalid_value',
          `A store keeps well-formed texts and whole numbers, not ${JSON.stringify(cell)}.`,
        )
      }
    }
  }
}

/** The log still holds what was removed; another connection may be reading it, and then it goes with the last one. */
function forgetLog(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {
    // the space is gone all the same
  }
}

const movedOn = (name: string, expected: number, stored: number | undefined): SyncError =>
  new SyncError('store_in_use', `Expected the space "${name}" at revision ${expected}, found ${stored ?? 'none'}.`, {
    fix: 'Another engine writes to this space: close one of them, then open it again.',
    details: { expected, stored },
  })
