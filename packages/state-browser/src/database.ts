import { isSyncError } from '@whisker/protocol'
import { type UseStore, promisifyRequest } from 'idb-keyval'
import { nameOf, toStoreError } from './store-errors.ts'

const STORE = 'rows'
const VERSION = 1

/** What would fail again on another connection. */
const FINAL = new Set(['ConstraintError', 'QuotaExceededError', 'VersionError'])

/**
 * A database that opens itself, and opens again where the connection was lost: browsers close it while the app runs, and
 * everything would fail from then on. It takes the place of a store of idb-keyval.
 */
export class Database {
  readonly #name: string
  #opening: Promise<IDBDatabase> | undefined
  /** What the last opening came to. */
  #database: IDBDatabase | undefined

  constructor(name: string) {
    this.#name = name
  }

  /**
   * One transaction. Work that writes resolves when its transaction is complete; what is aborted has left nothing, so it
   * is tried once more on a new connection.
   */
  readonly use: UseStore = async (mode, work) => {
    try {
      return await this.#once(mode, work).catch(async (thrown: unknown) => {
        if (isSyncError(thrown) || FINAL.has(nameOf(thrown))) throw thrown
        this.close()
        return this.#once(mode, work)
      })
    } catch (thrown) {
      throw toStoreError(thrown, this.#name)
    }
  }

  /** The connection only: whoever uses it opens another. */
  close(): void {
    this.#opening = undefined
    this.#database?.close()
  }

  async #once<T>(mode: IDBTransactionMode, work: (rows: IDBObjectStore) => T | PromiseLike<T>): Promise<T> {
    const database = await this.#connected()
    return work(database.transaction(STORE, mode, { durability: 'strict' }).objectStore(STORE))
  }

  async #connected(): Promise<IDBDatabase> {
    const opening = (this.#opening ??= this.#open())
    try {
      return await opening
    } catch (thrown) {
      if (this.#opening === opening) this.#opening = undefined
      throw thrown
    }
  }

  async #open(): Promise<IDBDatabase> {
    const request = indexedDB.open(this.#name, VERSION)
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE))
    const database = await promisifyRequest(request)
    const forget = (): void => {
      database.close()
      if (this.#database === database) this.#opening = undefined
    }
    database.addEventListener('close', forget)
    // Another tab deletes the database, or has a newer version of this code: nobody stands in its way.
    database.addEventListener('versionchange', forget)
    this.#database = database
    return database
  }
}

/**
 * Asks for all that is read at once. Every transaction here, also one that only reads, is closed before anything is answered: what
 * another task were to go on with, a tab that is frozen would hold open, and nobody else could write.
 */
export const reads = async <const R extends readonly IDBRequest[]>(
  use: UseStore,
  ask: (rows: IDBObjectStore) => R,
): Promise<{ readonly [I in keyof R]: R[I] extends IDBRequest<infer T> ? T : never }> =>
  use('readonly', async (rows) => {
    const answers = Promise.all(ask(rows).map(async (request) => promisifyRequest(request)))
    rows.transaction.commit()
    return (await answers) as never
  })

/** Asks for all that is written at once. Resolves when it is on the disk; rejects when nothing of it is there. */
export const writes = async (use: UseStore, ask: (rows: IDBObjectStore) => void): Promise<void> =>
  use('readwrite', async (rows) => {
    ask(rows)
    rows.transaction.commit()
    await completed(rows.transaction)
  })

const completed = async (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve())
    // Some browsers give no reason.
    transaction.addEventListener('abort', () => reject(transaction.error ?? NO_REASON))
  })

const NO_REASON = new Error('the transaction was aborted without a reason')
