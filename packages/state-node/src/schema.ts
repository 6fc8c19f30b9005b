import type { DatabaseSync } from 'node:sqlite'
import { inTransaction, pragma } from './database.ts'
import { damaged, foreign, newer } from './store-errors.ts'

/** `WhSy`, at byte 68 of the file: how a store is told from any other SQLite file. */
export const APPLICATION_ID = 0x57685379
/** `WhSv`: a store of `@whisker/server`. */
const SERVER_APPLICATION_ID = 0x57685376
export const SCHEMA_VERSION = 1

// Texts can be large, so these are ordinary tables with an index: SQLite keeps more of a long row in one page there.
const TABLES = `
  CREATE TABLE device (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), id TEXT NOT NULL) STRICT;
  CREATE TABLE spaces (space INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL) STRICT;
  CREATE TABLE records (
    space INTEGER NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (space, name)
  ) STRICT;
  CREATE TABLE documents (
    space INTEGER NOT NULL, collection TEXT NOT NULL, document TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (space, collection, document)
  ) STRICT;
  CREATE TABLE outbox (
    space INTEGER NOT NULL, position INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (space, position)
  ) STRICT;
  CREATE TABLE rejected (
    space INTEGER NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (space, name)
  ) STRICT;
  CREATE TABLE commits (
    space INTEGER NOT NULL, revision INTEGER NOT NULL, keys TEXT NOT NULL, PRIMARY KEY (space, revision)
  ) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`

/** The tables that hold rows of a space, beside `spaces` itself. */
export const SPACE_TABLES = ['records', 'documents', 'outbox', 'rejected', 'commits'] as const

/** Throws unless the database is a store of a version that this package knows. */
export function checkIdentity(database: DatabaseSync, path: string): void {
  const application = pragma(database, 'application_id')
  if (application === SERVER_APPLICATION_ID) throw foreign(path, "a server's database of Whisker Sync")
  if (application !== APPLICATION_ID) throw foreign(path, 'a SQLite database of another program')
  const version = Number(pragma(database, 'user_version'))
  if (version > SCHEMA_VERSION) throw newer(path, version, SCHEMA_VERSION)
  if (version < 1) throw damaged(path, `its schema version is ${version}`)
}

/** Makes the tables in an empty file, in one transaction; any other file has to be a store already. */
export function ensureSchema(database: DatabaseSync, path: string): void {
  if (pragma(database, 'page_count') === 0) {
    inTransaction(database, 'BEGIN IMMEDIATE', () => {
      // Another process may have been faster
      const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count']
      if (tables === 0) database.exec(TABLES)
    })
  }
  checkIdentity(database, path)
}
