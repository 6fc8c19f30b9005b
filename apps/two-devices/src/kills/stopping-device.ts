import {
  type Dot,
  type StateStore,
  type StoreCommit,
  type Transport,
  decodeStoredEntry,
  isVoid,
} from '@whisker/protocol'
import type { DeviceTrace, Stop } from './points.ts'
import type { TransactionWatch } from './transactions.ts'

/** The ports of a device in which its points can be reached. */
export class StoppingDevice implements TransactionWatch {
  readonly #stop: Stop<DeviceTrace>
  /** The one whose transaction runs. A SQLite store does all of it before it returns. */
  #commit: StoreCommit | undefined

  constructor(stop: Stop<DeviceTrace>) {
    this.#stop = stop
  }

  put(): void {
    const commit = this.#commit
    if (!commit || !isWrite(commit)) return
    this.#stop.reached({ point: 'write half put, not committed', revision: commit.revision, waiting: [] })
  }

  complete(statements: number): void {
    const commit = this.#commit
    if (!commit || !isPage(commit) || statements < commit.documents.length + commit.records.length) return
    this.#stop.reached({ point: 'page put, not committed', revision: commit.revision, waiting: [] })
  }

  state(state: StateStore): StateStore {
    return {
      open: async (space, mintDevice) => {
        const store = await state.open(space, mintDevice)
        return { ...store, commit: async (commit) => this.#during(commit, () => store.commit(commit)) }
      },
    }
  }

  async #during(commit: StoreCommit, work: () => Promise<void>): Promise<void> {
    this.#commit = commit
    const done = work()
    this.#commit = undefined
    await done
    if (!isWrite(commit)) return
    const waiting = dotsOf(commit.outbox.map(([, text]) => text))
    this.#stop.reached({ point: 'write committed, not pushed', revision: commit.revision + 1, waiting })
  }

  transport(transport: Transport): Transport {
    return {
      ...transport,
      push: async (request, options) => {
        const receipt = await transport.push(request, options)
        const waiting = request.entries.flatMap((entry) => (isVoid(entry) ? [] : [entry.dot]))
        if (receipt.acknowledged.length > 0 && waiting.length > 0)
          this.#stop.reached({ point: 'receipt here, not committed', revision: undefined, waiting })
        return receipt
      },
    }
  }
}

/** It brings new operations, and nothing that a server sent. */
const isWrite = ({ documents, outbox }: StoreCommit): boolean =>
  documents.length === 0 && outbox.some(([, text]) => text !== undefined)

/** A receipt confirms documents too, and takes what it acknowledges off the outbox. */
const isPage = ({ documents, outbox }: StoreCommit): boolean =>
  documents.length > 0 && outbox.every(([, text]) => text !== undefined)

/** Of the operations that are stored under these texts. */
export const dotsOf = (texts: readonly (string | undefined)[]): readonly Dot[] =>
  texts.flatMap((text) => {
    const entry = text === undefined ? undefined : decodeStoredEntry(JSON.parse(text), 'stored operation')
    return entry === undefined || isVoid(entry) ? [] : [entry.dot]
  })
