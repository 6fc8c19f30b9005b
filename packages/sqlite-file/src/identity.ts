import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { inTransaction, pragma } from './database.ts'
import { damaged, foreign, newer } from './store-errors.ts'
import { MARKS, type StoreKind } from './store-kind.ts'

/** Files up to this size are checked page by page at opening; of larger ones, damage shows when it is met. */
const CHECKED_BYTES = 16 * 1024 * 1024

/** Throws unless the database is a store of this kind whose version is known, or has nothing in it. */
export function identify(database: DatabaseSync, path: string, kind: StoreKind): 'ours' | 'empty' {
  // As of one moment: another process may be making it
  return inTransaction(database, 'BEGIN', () => identifyNow(database, path, kind))
}

/** Makes the tables in a file with nothing in it, in one transaction; any other has to be a store already. */
export function ensureTables(database: DatabaseSync, path: string, kind: StoreKind): void {
  if (identify(database, path, kind) === 'ours') return
  inTransaction(database, 'BEGIN IMMEDIATE', () => {
    // Another process may have been faster
    if (identifyNow(database, path, kind) === 'ours') return
    database.exec(`
      ${kind.tables}
      PRAGMA application_id = ${MARKS[kind.mark].applicationId};
      PRAGMA user_version = ${kind.version};
    `)
  })
}

/** Throws if pages of the file contradict each other. */
export function checkPages(database: DatabaseSync, path: string): void {
  if (statSync(path).size > CHECKED_BYTES) return
  const found = pragma(database, 'quick_check(1)')
  if (found !== 'ok') throw damaged(path, String(found))
}

function identifyNow(database: DatabaseSync, path: string, kind: StoreKind): 'ours' | 'empty' {
  const application = pragma(database, 'application_id')
  const version = Number(pragma(database, 'user_version'))
  const tables = new Set(
    database
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map(({ name }) => String(name)),
  )
  if (application === 0 && version === 0 && tables.size === 0) return 'empty'
  if (application !== MARKS[kind.mark].applicationId) throw foreign(kind, path, nameOf(application))
  if (version > kind.version) throw newer(kind, path, version)
  if (version < 1) throw damaged(path, `its schema version is ${version}`)
  const missing = tablesIn(kind.tables).filter((table) => !tables.has(table))
  if (missing.length > 0) throw damaged(path, `it has no table ${missing.join(', ')}`)
  return 'ours'
}

const nameOf = (application: unknown): string =>
  Object.values(MARKS).find(({ applicationId }) => applicationId === application)?.called ??
  'a SQLite database of another program'

const tablesIn = (statements: string): readonly string[] =>
  [...statements.matchAll(/CREATE TABLE (\w+)/g)].map((match) => match[1] as string)
