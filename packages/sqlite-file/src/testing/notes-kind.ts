import type { StoreKind } from '../index.ts'

/** A store of notes. */
export const NOTES: StoreKind = {
  mark: 'device',
  called: 'a store of notes',
  package: '@whisker/notes',
  version: 2,
  tables: `
    CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
    CREATE TABLE tags (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
  `,
  settings: ['secure_delete'],
  busyMs: 200,
}

/** All that makes an empty file such a store. */
export const MAKE_NOTES: string = `${NOTES.tables} PRAGMA application_id = 0x57685379; PRAGMA user_version = ${NOTES.version};`
