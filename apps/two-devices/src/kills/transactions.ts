import { openSync, readFileSync, writeSync } from 'node:fs'
import { DatabaseSync, StatementSync } from 'node:sqlite'

/** What happens in the transactions of this process that write. */
export interface TransactionWatch {
  /** A statement has run in it. */
  put(): void
  /** So many statements have run in it, and it is about to be committed. */
  complete(statements: number): void
}

/** Pages that SQLite keeps to itself. */
const CACHE_PAGES = 1

/**
 * Watches every SQLite connection of this process. The byte in the file `marker` says whether a transaction that writes
 * is open: it survives SIGKILL, so whoever killed the process can tell what it was in the middle of. The connections
 * write to the disk what they cannot cache, which is nearly all, so that a kill leaves parts of a transaction there.
 */
export function watchTransactions(marker: string, watch: TransactionWatch): void {
  const file = openSync(marker, 'w')
  const mark = (isOpen: boolean): void => void writeSync(file, isOpen ? '1' : '0', 0)
  mark(false)
  /** The one connection that is in such a transaction. */
  let writer: DatabaseSync | undefined
  let statements = 0
  around(DatabaseSync.prototype, 'exec', (database, exec, [sql]) => {
    if (database === writer && sql === 'COMMIT') watch.complete(statements)
    // Before it holds the lock, so that none that does goes unmarked.
    if (sql === 'BEGIN IMMEDIATE') mark(true)
    try {
      exec(sql)
      if (sql !== 'BEGIN IMMEDIATE') return
      writer = database
      statements = 0
      exec(`PRAGMA cache_size = ${CACHE_PAGES}`)
    } finally {
      if (writer && !writer.isTransaction) writer = undefined
      mark(writer !== undefined)
    }
  })
  around(StatementSync.prototype, 'run', (_statement, run, parameters) => {
    const result = run(...parameters)
    if (!writer) return result
    statements++
    watch.put()
    return result
  })
}

type Method = (...parameters: readonly unknown[]) => unknown

/** Puts `wrapper` around a method of all objects of a class. */
function around<T extends object>(
  prototype: T,
  name: keyof T & string,
  wrapper: (object: T, method: Method, parameters: readonly unknown[]) => unknown,
): void {
  const method = Reflect.get(prototype, name) as Method
  Reflect.set(prototype, name, function (this: T, ...parameters: readonly unknown[]) {
    return wrapper(this, (...own) => Reflect.apply(method, this, own), parameters)
  })
}

export const wasOpen = (marker: string): boolean => readFileSync(marker, 'utf8') === '1'
