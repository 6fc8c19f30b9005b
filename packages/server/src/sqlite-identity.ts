import type { DatabaseSync } from 'node:sqlite'
import { APPLICATION_ID, DEVICE_APPLICATION_ID, SCHEMA_VERSION, TABLES } from './sqlite-schema.ts'
import { damaged, foreign, newer } from './store-errors.ts'

/** One number that a pragma tells. */
export const pragma = (database: DatabaseSync, name: string): unknown =>
  Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]

const DEVICE_STATE = "a device's state of Whisker Sync"

/** Throws unless the database is empty or a store of a version that this package knows. */
export function checkIdentity(database: DatabaseSync, path: string): 'empty' | 'ours' {
  const application = pragma(database, 'application_id')
  const version = Number(pragma(database, 'user_version'))
  const tables = database
    .prepare('SELECT name FROM sqlite_schema')
    .all()
    .map(({ name }) => String(name))
  if (application === 0 && version === 0 && tables.length === 0) return 'empty'
  if (application === DEVICE_APPLICATION_ID) throw foreign(path, DEVICE_STATE)
  if (application !== APPLICATION_ID) throw foreign(path, 'a SQLite database of another program')
  if (version > SCHEMA_VERSION) throw newer(path, version, SCHEMA_VERSION)
  const missing = TABLES.filter((table) => !tables.includes(table))
  if (missing.length > 0) throw damaged(path, `it has no table ${missing.join(', ')}`)
  return 'ours'
}
