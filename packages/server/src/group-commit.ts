import type { DatabaseSync } from 'node:sqlite'
import { scheduler } from 'node:timers/promises'
import { SyncError } from '@whisker/protocol'
import { faultOf } from '@whisker/sqlite-file'
import { fromSqlite } from './sqlite-errors.ts'

interface Job {
  readonly work: () => Promise<unknown>
  readonly resolve: (result: unknown) => void
  readonly reject: (reason: unknown) => void
}

/** One commit waits for at most so many writes: the first of them shall not wait long for the last. */
const MOST_PER_COMMIT = 32

/**
 * Runs writes one after another, many in one transaction and each in its own savepoint, because a commit
 * costs a wait for the disk and a savepoint does not. A write is over when the commit is.
 */
export class GroupCommit {
  readonly #database: DatabaseSync
  readonly #turn: () => Promise<void>
  #queue: Job[] = []
  #pump: Promise<void> | undefined
  #isClosed = false

  /** `turn` lets whatever else arrived join the commit. */
  constructor(database: DatabaseSync, turn: () => Promise<void> = async () => scheduler.yield()) {
    this.#database = database
    this.#turn = turn
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new SyncError('closed', 'The store is closed.')
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#queue.push({ work, resolve, reject })
    this.#pump ??= this.#drain()
    return (await promise) as T
  }

  /** Finishes what was begun, and takes no more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#pump
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#turn()
      await this.#commit(this.#queue.splice(0, MOST_PER_COMMIT))
    }
    this.#pump = undefined
  }

  async #commit(jobs: readonly Job[]): Promise<void> {
    const settle: (() => void)[] = []
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      for (const job of jobs) settle.push(await this.#runOne(job))
      this.#database.exec('COMMIT')
    } catch (thrown) {
      // Nothing of this commit is on disk, whosever fault it was.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      const reason = fromSqlite(thrown)
      for (const job of jobs) job.reject(reason)
      return
    }
    for (const tell of settle) tell()
  }

  async #runOne({ work, resolve, reject }: Job): Promise<() => void> {
    this.#database.exec('SAVEPOINT one')
    try {
      const result = await work()
      this.#database.exec('RELEASE one')
      return () => resolve(result)
    } catch (thrown) {
      // A failure of SQLite's own may have ended the whole transaction already.
      if (faultOf(thrown) !== undefined) throw thrown
      this.#database.exec('ROLLBACK TO one; RELEASE one')
      return () => reject(thrown)
    }
  }
}

/** Runs reads one after another, each on its own snapshot. */
export class Snapshots {
  readonly #database: DatabaseSync
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new SyncError('closed', 'The store is closed.')
    const mine = this.#last.then(async () => this.#runOne(work))
    this.#last = mine.catch(() => undefined)
    return mine
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#last
  }

  async #runOne<T>(work: () => Promise<T>): Promise<T> {
    try {
      this.#database.exec('BEGIN')
      return await work()
    } catch (thrown) {
      throw fromSqlite(thrown)
    } finally {
      if (this.#database.isTransaction) this.#database.exec('COMMIT')
    }
  }
}
