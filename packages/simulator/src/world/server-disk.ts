import { type SpaceReader, type SpaceTransaction, SyncError, type SyncStore } from '@whisker/protocol'
import type { SeededRandom } from '../random.ts'
import type { Faults } from './faults.ts'
import type { Process } from './process.ts'

export interface ServerDiskOptions {
  readonly faults: Faults
  readonly random: SeededRandom
}

/**
 * A server's store as one process of the server sees it: everything takes time, and a process that ends in the middle
 * of a transaction leaves nothing of it.
 */
export function storeOf(inner: SyncStore, process: Process, { faults, random }: ServerDiskOptions): SyncStore {
  const latencyMs = (): number => (random.chance(0.05) ? random.below(300) : random.below(2))
  /** Waits inside a transaction, which must end when the process does. */
  const wait = async (): Promise<void> => {
    if (!process.isAlive) throw killed()
    await new Promise<void>((resolve, reject) => {
      const forget = process.onEnd(() => reject(killed()))
      process.after(latencyMs(), () => {
        forget()
        resolve()
      })
    })
  }
  const readerOf = <R extends SpaceReader>(reader: R): R => ({
    ...reader,
    documents: async (keys) => {
      await wait()
      return reader.documents(keys)
    },
    changedAfter: async (after, limit) => {
      await wait()
      return reader.changedAfter(after, limit)
    },
  })
  const transactionOf = (transaction: SpaceTransaction): SpaceTransaction => ({
    ...readerOf(transaction),
    put: async (changes) => {
      await wait()
      if (faults.strikes('server_disk_error')) {
        faults.took('server_disk_error')
        throw faults.dice('server_disk_error').chance(0.5) ? sharedFailure() : ownFailure()
      }
      await transaction.put(changes)
      await wait()
    },
  })
  return {
    begin: async (epoch) => {
      await process.pause(latencyMs())
      await inner.begin(epoch)
      await process.pause(latencyMs())
    },
    write: async (space, work) => {
      await process.pause(latencyMs())
      const result = await untilEnd(
        process,
        inner.write(space, async (transaction) => work(transactionOf(transaction))),
      )
      await process.pause(latencyMs())
      return result
    },
    read: async (space, work) => {
      await process.pause(latencyMs())
      return untilEnd(
        process,
        inner.read(space, async (reader) => work(readerOf(reader))),
      )
    },
    // The store itself goes on: another process of the server opens it next.
    close: async () => process.pause(latencyMs()),
  }
}

/** What the process waits for; nothing, once it has ended. */
async function untilEnd<T>(process: Process, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then(
      (result) => process.run(() => resolve(result)),
      (error: Error) => process.run(() => reject(error)),
    )
  })
}

const ownFailure = (): SyncError => new SyncError('store_failed', 'The disk of the server could not be written.')

/** As SQLite tells of a disk: whatever shares the commit fails with it. */
const sharedFailure = (): SyncError => Object.assign(ownFailure(), { errcode: SQLITE_IOERR })

const SQLITE_IOERR = 10

const killed = (): SyncError => new SyncError('closed', 'The process was killed.')
