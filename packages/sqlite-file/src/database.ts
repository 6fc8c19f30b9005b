import type { DatabaseSync } from 'node:sqlite'

/** One value that a pragma tells; undefined if it tells nothing. */
export const pragma = (database: DatabaseSync, name: string): unknown =>
  Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]

/** Runs `work` in one transaction: all of it, or, if anything throws, nothing. */
export function inTransaction<T>(database: DatabaseSync, begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
  database.exec(begin)
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (thrown) {
    rollBack(database)
    throw thrown
  }
}

/** Some errors have rolled back already; one of the rollback itself would only hide the first. */
function rollBack(database: DatabaseSync): void {
  try {
    if (database.isTransaction) database.exec('ROLLBACK')
  } catch {
    // the transaction dies with the connection
  }
}
