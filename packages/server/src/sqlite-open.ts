import { closeSync, existsSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SyncError, toSyncError } from '@whisker/protocol'
import { fromSqlite, sqliteCode } from './sqlite-errors.ts'
import { APPLICATION_ID, SCHEMA_VERSION, TABLES, createSchema } from './sqlite-schema.ts'

export interface OpenedDatabase {
  readonly writer: DatabaseSync
  /** A second connection for snapshots; undefined in memory, where there is but one. */
  readonly reader: DatabaseSync | undefined
  close(): void
}

/** From here on, a WAL that is reset at a bad moment no longer loses what was committed. */
const SAFE_SQLITE = [3, 51, 3] as const
/** Up to this size, every page is checked when a file is opened. */
const CHECKED_BYTES = 16 * 1024 * 1024
const BUSY_TIMEOUT_MS = 2000

/** Opens a store's file, or refuses it and leaves it as it is. */
export function openDatabase(path: string): OpenedDatabase {
  checkSqlite()
  try {
    return path === ':memory:' ? openMemory() : openFile(path)
  } catch (thrown) {
    throw toSyncError(fromSqlite(thrown), 'store_failed')
  }
}

function checkSqlite(): void {
  const database = new DatabaseSync(':memory:')
  const version = String(database.prepare('SELECT sqlite_version() AS version').get()?.['version'])
  database.close()
  if (!isSafe(version)) {
    throw new SyncError(
      'sqlite_unsafe',
      `Expected SQLite ${SAFE_SQLITE.join('.')} or later, this Node brings ${version}.`,
      {
        fix: 'Use Node 24.15 or later.',
      },
    )
  }
}

/** Whether a version of SQLite keeps what it committed. */
export function isSafe(version: string): boolean {
  const parts = version.split('.').map(Number)
  for (const [index, least] of SAFE_SQLITE.entries()) {
    const part = parts[index] ?? 0
    if (part !== least) return part > least
  }
  return true
}

function openMemory(): OpenedDatabase {
  const writer = new DatabaseSync(':memory:')
  writer.exec('PRAGMA foreign_keys = ON')
  createSchema(writer)
  return { writer, reader: undefined, close: () => writer.close() }
}

function openFile(given: string): OpenedDatabase {
  const path = existsSync(given) ? realpathSync(given) : join(realpathSync(dirname(given)), basename(given))
  const isNew = inspect(path) === 'empty'
  const lock = holdLock(path)
  const opened: DatabaseSync[] = [lock]
  const close = (): void => {
    for (const database of opened.toReversed()) database.close()
  }
  try {
    const writer = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    opened.push(writer)
    configure(writer)
    // Another process may have made the store between the look and the lock.
    if (isNew && readIdentity(writer).tables.length === 0) createSchema(writer)
    checkWhole(writer, path)
    const reader = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
    opened.push(reader)
    return { writer, reader, close }
  } catch (thrown) {
    close()
    throw thrown
  }
}

/** Looks at a file without changing it. */
function inspect(path: string): 'empty' | 'ours' {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (bytes === 0) return 'empty'
  if (!readStart(path).startsWith('SQLite format 3\0')) {
    throw new SyncError('store_damaged', `${path} is no SQLite database, or its beginning is destroyed.`, {
      fix: RESTORE,
    })
  }
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    return judge(path, readIdentity(database))
  } catch (thrown) {
    // 8: a file that was being made when its process ended; who opens it for writing finishes that.
    if (sqliteCode(thrown) === 8) return 'empty'
    throw thrown
  } finally {
    database.close()
  }
}

const RESTORE = 'Restore a backup, or name another file.'

function judge(path: string, { application, version, tables }: Identity): 'empty' | 'ours' {
  if (application === 0 && version === 0 && tables.length === 0) return 'empty'
  if (application !== APPLICATION_ID) {
    throw new SyncError('store_foreign', `${path} is a database of another application.`, { fix: 'Name another file.' })
  }
  if (version > SCHEMA_VERSION) {
    throw new SyncError(
      'store_newer',
      `${path} has version ${version} of the store, this package knows ${SCHEMA_VERSION}.`,
      {
        fix: 'Update @whisker/server.',
      },
    )
  }
  const missing = TABLES.filter((table) => !tables.includes(table))
  if (missing.length > 0) {
    throw new SyncError('store_damaged', `${path} has no table ${missing.join(', ')}.`, { fix: RESTORE })
  }
  return 'ours'
}

interface Identity {
  readonly application: number
  readonly version: number
  readonly tables: readonly string[]
}

const readIdentity = (database: DatabaseSync): Identity => ({
  application: Number(pragma(database, 'application_id')),
  version: Number(pragma(database, 'user_version')),
  tables: database
    .prepare('SELECT name FROM sqlite_schema')
    .all()
    .map(({ name }) => String(name)),
})

const pragma = (database: DatabaseSync, name: string): unknown =>
  Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]

function readStart(path: string): string {
  const file = openSync(path, 'r')
  try {
    const start = Buffer.alloc(16)
    readSync(file, start, 0, 16, 0)
    return start.toString('latin1')
  } finally {
    closeSync(file)
  }
}

/** An exclusive transaction on a file beside the store, which ends with the process however that ends. */
function holdLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}-lock`, { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    if (sqliteCode(cause) !== 5) throw cause
    throw new SyncError('store_in_use', `${path} is in use by another server.`, {
      fix: 'Run one server process for each store.',
      cause,
    })
  }
}

/** What the promises rest on, set and read back. */
const SETTINGS: readonly (readonly [name: string, value: string, expected: unknown])[] = [
  ['journal_mode', 'WAL', 'wal'],
  ['synchronous', 'FULL', 2],
  ['fullfsync', 'ON', 1],
  ['checkpoint_fullfsync', 'ON', 1],
  ['foreign_keys', 'ON', 1],
  ['mmap_size', '0', 0],
]

function configure(writer: DatabaseSync): void {
  for (const [name, value, expected] of SETTINGS) {
    writer.exec(`PRAGMA ${name} = ${value}`)
    const got = pragma(writer, name)
    if (got !== undefined && got !== expected) {
      throw new SyncError(
        'store_failed',
        `SQLite does not take ${name} = ${value} for this file, it stays at ${JSON.stringify(got)}.`,
        {
          fix: 'Put the store on a local disk.',
        },
      )
    }
  }
}

function checkWhole(writer: DatabaseSync, path: string): void {
  judge(path, readIdentity(writer))
  if ((statSync(path).size ?? 0) > CHECKED_BYTES) return
  const result = pragma(writer, 'quick_check(1)')
  if (result !== 'ok')
    throw new SyncError('store_damaged', `${path} is damaged: ${JSON.stringify(result)}`, { fix: RESTORE })
}
