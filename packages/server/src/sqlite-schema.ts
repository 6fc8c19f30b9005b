import type { StoreKind } from '@whisker/sqlite-file'

/**
 * Ids are compared bytewise (BINARY is SQLite's default collation). Texts that may be large have tables of their own, so
 * that no change of a row writes them again.
 */
const TABLES = `
CREATE TABLE epoch (
  ordinal INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE space (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  head INTEGER NOT NULL,
  highest_time INTEGER NOT NULL,
  collected INTEGER NOT NULL,
  documents INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  digest_documents INTEGER NOT NULL,
  digest_hash INTEGER NOT NULL
) STRICT;
CREATE TABLE epoch_began (
  space INTEGER NOT NULL REFERENCES space (id),
  epoch INTEGER NOT NULL REFERENCES epoch (ordinal),
  began INTEGER NOT NULL,
  PRIMARY KEY (space, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE strategy (
  space INTEGER NOT NULL REFERENCES space (id),
  collection TEXT NOT NULL,
  strategy TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (space, collection)
) STRICT, WITHOUT ROWID;
CREATE TABLE replica (
  space INTEGER NOT NULL REFERENCES space (id),
  replica TEXT NOT NULL,
  principal TEXT NOT NULL,
  device TEXT NOT NULL,
  device_name TEXT NOT NULL,
  last_counter INTEGER NOT NULL,
  last_check INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL,
  since INTEGER NOT NULL,
  retired INTEGER NOT NULL,
  PRIMARY KEY (space, replica)
) STRICT, WITHOUT ROWID;
CREATE TABLE revoked_device (
  space INTEGER NOT NULL REFERENCES space (id),
  device TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (space, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE kept_check (
  space INTEGER NOT NULL REFERENCES space (id),
  replica TEXT NOT NULL,
  counter INTEGER NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (space, replica, counter)
) STRICT, WITHOUT ROWID;
CREATE TABLE document (
  id INTEGER PRIMARY KEY,
  space INTEGER NOT NULL REFERENCES space (id),
  collection TEXT NOT NULL,
  document TEXT NOT NULL,
  seq INTEGER NOT NULL,
  tail_start INTEGER NOT NULL,
  state_bytes INTEGER NOT NULL,
  tail_bytes INTEGER NOT NULL,
  version TEXT NOT NULL,
  tombstone_ms INTEGER,
  UNIQUE (space, collection, document),
  UNIQUE (space, seq)
) STRICT;
CREATE INDEX document_tombstone ON document (space, seq, tombstone_ms) WHERE tombstone_ms IS NOT NULL;
CREATE TABLE document_state (
  document INTEGER PRIMARY KEY REFERENCES document (id),
  text TEXT NOT NULL
) STRICT;
CREATE TABLE document_tail (
  document INTEGER NOT NULL REFERENCES document (id),
  seq INTEGER NOT NULL,
  replica TEXT NOT NULL,
  counter INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (document, seq)
) STRICT, WITHOUT ROWID;
`

/** A server's store. It waits for another connection shortly only: while it waits, nobody is answered. */
export const SERVER_STORE: StoreKind = {
  mark: 'server',
  called: "a server's store of Whisker Sync",
  package: '@whisker/server',
  version: 1,
  tables: TABLES,
  settings: ['foreign_keys'],
  busyMs: 2000,
}
