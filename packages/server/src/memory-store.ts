import { type EpochId, SyncError, type SyncStore } from '@whisker/protocol'
import { MemorySpace } from './memory-space.ts'

/** A store that lives as long as the object: for tests, first tries and simulations. Everything runs one after another. */
export function memoryStore(): SyncStore {
  const spaces = new Map<string, MemorySpace>()
  const epochs: EpochId[] = []
  let last: Promise<unknown> = Promise.resolve()
  let isClosed = false

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (isClosed) throw new SyncError('closed', 'The store is closed.', { fix: 'Make another.' })
    const mine = last.then(work)
    last = mine.catch(() => undefined)
    return mine
  }

  /** The space, kept only once something is written. */
  const spaceOf = (name: string): MemorySpace => spaces.get(name) ?? new MemorySpace(epochs)

  return {
    begin: (epoch) =>
      inTurn(async () => {
        epochs.push(epoch)
        for (const space of spaces.values()) space.begin(epoch)
      }),
    read: (name, work) => inTurn(async () => work(spaceOf(name).reader)),
    write: (name, work) =>
      inTurn(async () => {
        const space = spaceOf(name)
        try {
          const result = await work(space.transaction)
          space.keep()
          if (space.exists) spaces.set(name, space)
          return result
        } catch (thrown) {
          space.takeBack()
          throw thrown
        }
      }),
    async close() {
      isClosed = true
      await last
    },
  }
}
