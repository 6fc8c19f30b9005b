import type { DatabaseSync } from 'node:sqlite'
import {
  type DeviceId,
  type SpaceStore,
  type StoreChanges,
  type StoredSpace,
  SyncError,
  isDeviceId,
} from '@whisker/protocol'
import { damaged, inTransaction, toStoreError } from '@whisker/sqlite-file'
import { type CommitLog, type TouchedKeys, commitLogOf } from './commit-log.ts'
import { SPACE_TABLES } from './schema.ts'
import type { Seat } from './seat.ts'
import { type Reads, checkTexts, readsOf, writesOf } from './space-tables.ts'
import { type Neighbours, watchesOf } from './watches.ts'

/** An open connection, where it leads, and who else is there. */
export interface Place {
  readonly database: DatabaseSync
  readonly path: string
  readonly seat: Seat
  readonly neighbours: Neighbours
  /** Gives back the connection and the seat. */
  release(): void
}

/** One opening of a space. Its work is synchronous inside: a method has done all of it when its promise is made. */
export function openSpace(place: Place, name: string, mintDevice: () => DeviceId): SpaceStore {
  const { database, path, seat } = place
  const { device, space } = enter(place, name, mintDevice)
  const reads = readsOf(database)
  const writes = writesOf(database)
  const log = commitLogOf(database)
  const revision = (): number | undefined => reads.revision.get(space)?.[0] as number | undefined
  const watches = watchesOf(JSON.stringify([path, name]), place.neighbours, () => withoutError(revision))
  let isOpen = true

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
    watches.end()
    place.release()
  }

  return {
    device,
    slot: seat.slot,
    async load() {
      return whileOpen(() => inTransaction(database, 'BEGIN', () => rowsOf(reads, space, revision() ?? 0)))
    },
    async changes(since) {
      return whileOpen(() =>
        inTransaction(database, 'BEGIN', () => changesOf(reads, log, space, since, revision() ?? 0)),
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
          log.write(space, stored + 1, commit)
        })
        watches.committed(commit.revision + 1)
      })
    },
    watch(listener) {
      return isOpen ? watches.add(listener) : () => undefined
    },
    async lead() {
      return whileOpen(() => seat.lead())
    },
    async resign() {
      whileOpen(() => seat.resign())
    },
    async close() {
      if (isOpen) end()
    },
    async destroy() {
      whileOpen(() => {
        inTransaction(database, 'BEGIN IMMEDIATE', () => {
          // In here, because who takes a seat from now on waits for this transaction before it enters
          if (seat.hasOthers()) throw openElsewhere(path, name)
          for (const table of SPACE_TABLES) database.prepare(`DELETE FROM ${table} WHERE space = ?`).run(space)
          database.prepare('DELETE FROM spaces WHERE space = ?').run(space)
        })
        forgetLog(database)
        end()
      })
    },
  }
}

function rowsOf(reads: Reads, space: number, revision: number): StoredSpace {
  return {
    revision,
    records: reads.records.all(space) as unknown as StoredSpace['records'],
    documents: reads.documents.all(space) as unknown as StoredSpace['documents'],
    outbox: reads.outbox.all(space) as unknown as StoredSpace['outbox'],
    rejected: reads.rejected.all(space) as unknown as StoredSpace['rejected'],
  }
}

function changesOf(
  reads: Reads,
  log: CommitLog,
  space: number,
  since: number,
  revision: number,
): StoreChanges | undefined {
  const touched: TouchedKeys | undefined = log.read(space, since, revision)
  if (!touched) return undefined
  const { textAt } = reads
  return {
    revision,
    records: [...touched.records].map((name) => [name, textAt.records(space, name)]),
    documents: [...touched.documents].flatMap(([collection, documents]) =>
      [...documents].map((document) => [collection, document, textAt.documents(space, collection, document)] as const),
    ),
    outbox: [...touched.outbox].map((position) => [position, textAt.outbox(space, position)]),
    rejected: [...touched.rejected].map((name) => [name, textAt.rejected(space, name)]),
  }
}

/** For a look that nobody asked for: what is wrong with the store is told to the next call. */
function withoutError<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
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

/** The log still holds what was removed; another connection may be reading it, and then it goes with the last one. */
function forgetLog(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {
    // the space is gone all the same
  }
}

const movedOn = (name: string, expected: number, stored: number | undefined): SyncError =>
  new SyncError('store_moved', `Expected the space "${name}" at revision ${expected}, found ${stored ?? 'none'}.`, {
    fix: 'Take in what changed since, then commit again.',
    details: { expected, stored },
  })

const openElsewhere = (path: string, name: string): SyncError =>
  new SyncError('store_in_use', `The space "${name}" in ${path} is open elsewhere, here or in another process.`, {
    fix: 'Close the other engines first.',
  })
