import type { DatabaseSync } from 'node:sqlite'
import { systemClock } from '@whisker/protocol'
import { pragma } from './database.ts'
import type { SqliteModule } from './runtime.ts'
import { ensureSchema } from './schema.ts'
import { failed, isBusy } from './store-errors.ts'

/** How long to wait for another connection's transaction. */
const BUSY_MS = 5000
const PAUSE_MS = 20

/** Safe against power loss, on a Mac too; and what is removed is overwritten, so that `destroy` leaves no texts behind. */
const SETTINGS = `
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA secure_delete = ON;
  PRAGMA mmap_size = 0;
`

/** Opens a store for writing, makes its tables if it is new, and refuses if its commits would not be durable. */
export async function connect(sqlite: SqliteModule, path: string): Promise<DatabaseSync> {
  const database = new sqlite.DatabaseSync(path, { timeout: BUSY_MS })
  try {
    database.exec(SETTINGS)
    ensureSchema(database, path)
    if (path !== ':memory:') await useWal(database)
    checkDurable(database, path)
    return database
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

/** The change to WAL, once in the life of a file, does not wait for others by itself. */
async function useWal(database: DatabaseSync): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    try {
      database.exec('PRAGMA journal_mode = WAL')
      return
    } catch (thrown) {
      if (!isBusy(thrown) || waitedMs >= BUSY_MS) throw thrown
      await new Promise<void>((resolve) => systemClock.after(PAUSE_MS, resolve))
    }
  }
}

function checkDurable(database: DatabaseSync, path: string): void {
  const journal = pragma(database, 'journal_mode')
  const synchronous = pragma(database, 'synchronous')
  if (synchronous === 2 && journal === (path === ':memory:' ? 'memory' : 'wal')) return
  throw failed(
    path,
    `journal_mode is ${String(journal)} and synchronous is ${String(synchronous)}, expected wal and 2`,
    {
      fix: 'Put the file on a local disk: network file systems cannot share the memory that WAL needs.',
    },
  )
}
