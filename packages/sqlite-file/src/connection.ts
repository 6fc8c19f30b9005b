import type { DatabaseSync } from 'node:sqlite'
import { systemClock } from '@whisker/protocol'
import { pragma } from './database.ts'
import { faultOf } from './faults.ts'
import { checkPages, ensureTables } from './identity.ts'
import { IN_MEMORY } from './place.ts'
import type { Look } from './probe.ts'
import type { SqliteModule } from './runtime.ts'
import { failed } from './store-errors.ts'
import type { StoreKind } from './store-kind.ts'

const PAUSE_MS = 20

interface Setting {
  readonly name: string
  readonly value: string
  /** As SQLite tells it when it is asked. */
  readonly told: unknown
}

/** Safe against power loss, on a Mac too. */
const DURABLE: readonly Setting[] = [
  { name: 'synchronous', value: 'FULL', told: 2 },
  { name: 'fullfsync', value: 'ON', told: 1 },
  { name: 'checkpoint_fullfsync', value: 'ON', told: 1 },
  { name: 'mmap_size', value: '0', told: 0 },
]

/**
 * Opens a file for writing, makes its tables if it is new, and refuses what is no store of this kind or would not keep
 * its commits. For who holds a lock of the whole file, so that nobody else is opening it.
 */
export const connectAlone = (sqlite: SqliteModule, path: string, kind: StoreKind, look: Look = 'sound'): DatabaseSync =>
  settled(prepared(sqlite, path, kind, look), path, kind)

/** As `connectAlone`, among others that may be opening the same file: waits for them, without holding the event loop. */
export async function connect(
  sqlite: SqliteModule,
  path: string,
  kind: StoreKind,
  look: Look = 'sound',
): Promise<DatabaseSync> {
  const database = prepared(sqlite, path, kind, look)
  database.exec('PRAGMA busy_timeout = 0')
  for (let waitedMs = 0; waitedMs < kind.busyMs && isHeldFromWal(database); waitedMs += PAUSE_MS) {
    await new Promise<void>((resolve) => systemClock.after(PAUSE_MS, resolve))
  }
  database.exec(`PRAGMA busy_timeout = ${kind.busyMs}`)
  return settled(database, path, kind)
}

function prepared(sqlite: SqliteModule, path: string, kind: StoreKind, look: Look): DatabaseSync {
  const database = new sqlite.DatabaseSync(path, { timeout: kind.busyMs })
  return orClosed(database, () => {
    for (const { name, value } of settingsOf(kind)) database.exec(`PRAGMA ${name} = ${value}`)
    ensureTables(database, path, kind)
    if (look === 'unfinished') checkPages(database, path)
  })
}

const settled = (database: DatabaseSync, path: string, kind: StoreKind): DatabaseSync =>
  orClosed(database, () => {
    useWal(database)
    checkSettings(database, path, kind)
  })

function orClosed(database: DatabaseSync, work: () => void): DatabaseSync {
  try {
    work()
    return database
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

/** Whether others keep the file from its change to WAL, which happens once in its life. */
function isHeldFromWal(database: DatabaseSync): boolean {
  try {
    useWal(database)
    return false
  } catch (thrown) {
    return faultOf(thrown) === 'busy'
  }
}

/** In memory it changes nothing. Does not always wait for others by itself. */
const useWal = (database: DatabaseSync): void => database.exec('PRAGMA journal_mode = WAL')

function checkSettings(database: DatabaseSync, path: string, kind: StoreKind): void {
  const journal = { name: 'journal_mode', value: 'WAL', told: path === IN_MEMORY ? 'memory' : 'wal' }
  for (const { name, value, told } of [journal, ...settingsOf(kind)]) {
    const got = pragma(database, name)
    if (got === undefined || got === told) continue
    throw failed(path, `SQLite does not take ${name} = ${value} for it, it stays at ${JSON.stringify(got)}`, {
      fix: 'Put the file on a local disk: network file systems cannot share the memory that WAL needs.',
    })
  }
}

const settingsOf = (kind: StoreKind): readonly Setting[] => [
  ...DURABLE,
  ...kind.settings.map((name) => ({ name, value: 'ON', told: 1 })),
]
