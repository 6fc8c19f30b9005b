import type { DatabaseSync } from 'node:sqlite'
import { SyncError } from '@whisker/protocol'
import {
  IN_MEMORY,
  type FileLock,
  type Runtime,
  type SqliteModule,
  checkedPath,
  connectAlone,
  loadSqlite,
  lockFile,
  probe,
  realPath,
  takeLock,
  toStoreError,
} from '@whisker/sqlite-file'
import { SERVER_STORE } from './sqlite-schema.ts'

export interface OpenedDatabase {
  readonly writer: DatabaseSync
  /** A second connection for snapshots; undefined in memory, where there is but one. */
  readonly reader: DatabaseSync | undefined
  close(): void
}

/** Opens a store's file, or refuses it and leaves it as it is. */
export function openDatabase(path: string, runtime?: Runtime): OpenedDatabase {
  const file = checkedPath(path, "sqliteStore('sync.db')")
  const sqlite = loadSqlite(runtime)
  try {
    return file === IN_MEMORY ? openMemory(sqlite) : openFile(sqlite, realPath(file))
  } catch (thrown) {
    throw toStoreError(thrown, file)
  }
}

function openMemory(sqlite: SqliteModule): OpenedDatabase {
  const writer = connectAlone(sqlite, IN_MEMORY, SERVER_STORE)
  return { writer, reader: undefined, close: () => writer.close() }
}

function openFile(sqlite: SqliteModule, path: string): OpenedDatabase {
  const look = probe(sqlite, path, SERVER_STORE)
  const opened: { close(): void }[] = [holdLock(sqlite, path)]
  const close = (): void => {
    for (const one of opened.toReversed()) one.close()
  }
  try {
    const writer = connectAlone(sqlite, path, SERVER_STORE, look)
    opened.push(writer)
    const reader = new sqlite.DatabaseSync(path, { readOnly: true, timeout: SERVER_STORE.busyMs })
    opened.push(reader)
    return { writer, reader, close }
  } catch (thrown) {
    close()
    throw thrown
  }
}

function holdLock(sqlite: SqliteModule, path: string): FileLock {
  const lock = takeLock(sqlite, lockFile(path))
  if (lock) return lock
  throw new SyncError('store_in_use', `The store ${path} is in use by another server, here or in another process.`, {
    fix: 'Close the other server first, or run one server process for each store.',
  })
}
