import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { faultOf } from './faults.ts'
import type { SqliteModule } from './runtime.ts'

/** The locks of a store are files beside it, of no bytes: one for all of it, or one for each name. */
export const lockFile = (path: string, name?: string): string => `${path}-lock${name === undefined ? '' : `-${name}`}`

/** Whether the file at `path` was ever locked as a store. */
export function wasLocked(path: string): boolean {
  const lock = basename(lockFile(path))
  return readdirSync(dirname(path)).some((name) => name === lock || name.startsWith(`${lock}-`))
}

/** A lock that one connection at a time can have, in all processes. */
export interface FileLock {
  /** Takes it if nobody else has it; tells whether it is this one's now. */
  take(): boolean
  give(): void
  /** Gives it, and the connection with it. */
  close(): void
}

/**
 * It is SQLite's lock on a file of its own, so the operating system ends it with the process, however that dies. It is
 * the reserved lock: of several that ask at the same moment one gets it, where for the exclusive one each could be in
 * the other's way. The file stays: were it removed, a second opening could lock the removed file and a third a new one.
 */
export function openLock(sqlite: SqliteModule, file: string): FileLock {
  const database = new sqlite.DatabaseSync(file, { timeout: 0 })
  // Nothing is ever written, so there is nothing to roll back, and no journal file is to appear
  database.exec('PRAGMA journal_mode = MEMORY')
  return {
    take() {
      if (database.isTransaction) return true
      try {
        database.exec('BEGIN IMMEDIATE')
        return true
      } catch (thrown) {
        if (faultOf(thrown) === 'busy') return false
        throw thrown
      }
    },
    give() {
      if (database.isTransaction) database.exec('ROLLBACK')
    },
    close: () => database.close(),
  }
}

/** Takes the lock that a file stands for; undefined if another connection has it. */
export function takeLock(sqlite: SqliteModule, file: string): FileLock | undefined {
  const lock = openLock(sqlite, file)
  try {
    if (lock.take()) return lock
  } catch (thrown) {
    lock.close()
    throw thrown
  }
  lock.close()
  return undefined
}

export function isTaken(sqlite: SqliteModule, file: string): boolean {
  if (!existsSync(file)) return false
  const lock = takeLock(sqlite, file)
  lock?.close()
  return lock === undefined
}
