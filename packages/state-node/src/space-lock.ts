import { createHash } from 'node:crypto'
import { SyncError } from '@whisker/protocol'
import type { SqliteModule } from './runtime.ts'
import { isBusy } from './store-errors.ts'

/** The locks of a store are files beside it, of no bytes. */
export const lockPrefix = (path: string): string => `${path}-lock-`

/**
 * Makes this the only opening of a space, in all processes; returns what ends that. It is SQLite's exclusive lock on
 * a file of its own, so the operating system ends it with the process, however that dies. The file stays: were it
 * removed, a second opening could lock the removed file and a third a new one.
 */
export function lockSpace(sqlite: SqliteModule, path: string, space: string): () => void {
  const name = createHash('sha256').update(space).digest('hex').slice(0, 32)
  const database = new sqlite.DatabaseSync(lockPrefix(path) + name, { timeout: 0 })
  try {
    // Nothing is ever written, so there is nothing to roll back, and no journal file appears
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE')
  } catch (thrown) {
    database.close()
    throw isBusy(thrown) ? inUse(path, space, thrown) : thrown
  }
  return () => database.close()
}

export const inUse = (path: string, space: string, cause?: unknown): SyncError =>
  new SyncError('store_in_use', `The space "${space}" in ${path} is open already, here or in another process.`, {
    fix: 'Close the other engine first, or give each one a file of its own.',
    cause,
  })
