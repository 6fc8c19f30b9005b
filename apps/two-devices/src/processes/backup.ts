import { copyFileSync, rmSync } from 'node:fs'
import { DatabaseSync, backup } from 'node:sqlite'

/** More pages than a database can have. A copy in several steps starts over when somebody writes between two of them. */
const ALL_PAGES = 2 ** 31 - 1
const BUSY_TIMEOUT_MS = 5000

/** Copies a database that a running server has open: everything that is committed at that moment, and nothing else. */
export async function backUp(file: string, to: string): Promise<void> {
  const database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    await backup(database, to, { rate: ALL_PAGES })
  } finally {
    database.close()
  }
}

/**
 * Puts a backup in the place of a database that nobody has open. The lost one's `-wal` must go too: SQLite would
 * replay it into the backup.
 */
export function restore(file: string, from: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
  copyFileSync(from, file)
}
