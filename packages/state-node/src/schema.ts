import type { StoreKind } from '@whisker/sqlite-file'

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
`

/** The tables that hold rows of a space, beside `spaces` itself. */
export const SPACE_TABLES = ['records', 'documents', 'outbox', 'rejected', 'commits'] as const

/** Until another connection's transaction is over, a commit holds the event loop so long at the most. */
const BUSY_MS = 5000

/** A device's state. What is removed is overwritten, so that `destroy` leaves no texts behind. */
export const DEVICE_STATE: StoreKind = {
  mark: 'device',
  called: 'a Whisker Sync store',
  package: '@whisker/state-node',
  version: 1,
  tables: TABLES,
  settings: ['secure_delete'],
  busyMs: BUSY_MS,
}
