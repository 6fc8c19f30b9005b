import { type SpaceStore, type StateStore, type StoreCommit, SyncError } from '@whisker/protocol'
import { memoryState } from '../memory-state.ts'

/** A real store in memory whose commits can be counted, held up and made to fail. */
export class FragileState implements StateStore {
  readonly commits: StoreCommit[] = []
  /** Each commit asks it first: what it returns is thrown, and nothing is stored. */
  failWith: (commit: StoreCommit) => Error | undefined = () => undefined
  /** What a commit waits for before it is stored. */
  gate: () => void | Promise<void> = () => {}
  /** How many reads of what others committed fail. */
  failingChanges = 0
  /** Whether it no longer knows what others committed, and all is read anew. */
  forgetsChanges = false
  /** Whether it is told nothing of what others commit. */
  isDeaf = false
  /** In place of the slot that the store gives. */
  slot: number | undefined
  /** In place of the store's own lock of the lead. */
  lead: (() => Promise<boolean>) | undefined
  /** What a load waits for. */
  loadGate: Promise<void> | undefined
  readonly #inner: StateStore
  #failsAfterwards = false

  constructor(inner: StateStore = memoryState()) {
    this.#inner = inner
  }

  /** Fails the commit that comes after `skipped` more. */
  failOnce(skipped = 0): void {
    let left = skipped
    this.failWith = () => {
      if (left-- > 0) return undefined
      this.failWith = () => undefined
      return new SyncError('disk_full', 'The disk is full.')
    }
  }

  /** The next commit is stored, and the store says that it failed. */
  failAfterwards(): void {
    this.#failsAfterwards = true
  }

  async open(space: string, mintDevice: Parameters<StateStore['open']>[1]): Promise<SpaceStore> {
    const store = await this.#inner.open(space, mintDevice)
    return {
      ...store,
      slot: this.slot ?? store.slot,
      changes: async (since) => {
        if (this.failingChanges-- > 0) throw new SyncError('store_failed', 'It cannot be read now.')
        return this.forgetsChanges ? undefined : store.changes(since)
      },
      watch: (listener) => (this.isDeaf ? () => undefined : store.watch(listener)),
      lead: async () => (this.lead ? this.lead() : store.lead()),
      load: async () => {
        await this.loadGate
        return store.load()
      },
      commit: async (commit) => {
        const error = this.failWith(commit)
        await this.gate()
        if (error) throw error
        await store.commit(commit)
        this.commits.push(commit)
        if (!this.#failsAfterwards) return
        this.#failsAfterwards = false
        throw new SyncError('store_failed', 'The answer of the disk got lost.')
      },
    }
  }
}
