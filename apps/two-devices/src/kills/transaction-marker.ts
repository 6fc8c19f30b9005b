import { openSync, readFileSync, writeSync } from 'node:fs'
import type { StateStore, SyncStore } from '@whisker/protocol'

/**
 * A byte in a file that says whether a transaction is open. It survives SIGKILL, so whoever killed the
 * process can tell what it was in the middle of.
 */
export class TransactionMarker {
  readonly #file: number
  #open = 0

  constructor(path: string) {
    this.#file = openSync(path, 'w')
    this.#write()
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#open++
    this.#write()
    try {
      return await work()
    } finally {
      this.#open--
      this.#write()
    }
  }

  #write(): void {
    writeSync(this.#file, this.#open > 0 ? '1' : '0', 0)
  }
}

export const wasOpen = (path: string): boolean => readFileSync(path, 'utf8') === '1'

export const markedState = (state: StateStore, marker: TransactionMarker): StateStore => ({
  async open(space, mintDevice) {
    const store = await state.open(space, mintDevice)
    return {
      ...store,
      commit: (commit) => marker.during(() => store.commit(commit)),
    }
  },
})

export const markedStore = (store: SyncStore, marker: TransactionMarker): SyncStore => ({
  begin: (epoch) => store.begin(epoch),
  write: (space, work) => marker.during(() => store.write(space, work)),
  read: (space, work) => store.read(space, work),
  close: () => store.close(),
})
