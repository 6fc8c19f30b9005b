import {
  type Clock,
  type Limits,
  type Merge,
  type Operation,
  type Random,
  type SpaceStore,
  SyncError,
  toJson,
  toSyncError,
} from '@whisker/protocol'
import { Committer } from './committer.ts'
import type { CollectionOptions } from './documents/options.ts'
import { type ConflictChange, ShownCollection, type ShownChange, isSameShown, valueOf } from './documents/shown.ts'
import { type ReadStates, Writer } from './documents/writer.ts'
import { type DocumentChange, Emitter, callSafely } from './events.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { Outcome } from './ledger/outcome.ts'

/** A write's promise resolves when it is durable on this device; `acknowledged` when it is on the server. */
export type WriteResult<T = void> = Promise<T> & { readonly acknowledged: Promise<void> }

export interface CoreOptions {
  readonly space: string
  readonly deviceName: string
  readonly collections: Readonly<Record<string, CollectionOptions>>
  readonly limits: Limits
  readonly clock: Clock
  readonly random: Random
}

interface Batch {
  /** Why none of it is done. */
  failed: Error | undefined
  readonly done: PromiseWithResolvers<void>
}

type CollectionListener = (changes: readonly ShownChange[]) => void

/** One collection's parts. */
export interface CollectionParts {
  readonly shown: ShownCollection
  readonly writer: Writer
  readonly listeners: Set<CollectionListener>
}

/**
 * The local replica at work: writes are shown at once, committed once per tick, and told to whoever
 * listens. Everything here is independent of any server.
 */
export class Core {
  readonly options: CoreOptions
  readonly ledger: Ledger
  readonly store: SpaceStore
  readonly committer: Committer
  readonly emitter: Emitter = new Emitter()
  readonly collections: Map<string, CollectionParts> = new Map()
  readonly reads: ReadStates = new WeakMap()
  /** Called after a commit that put something into the outbox. */
  onLocalWrite: () => void = () => {}
  /** Called when memory has taken in what another opening of the store committed. */
  onOthersWrote: () => void = () => {}
  onChange: () => void = () => {}
  isClosed = false
  /** Nothing may be written any more, though what was written can be read. */
  isClosing = false
  /** The first failure of a collection's own merge. */
  mergeFailure: SyncError | undefined
  readonly #changes: Map<string, Map<string, ShownChange>> = new Map()
  #tick: Promise<void> | undefined
  #batch: Batch | undefined

  constructor(options: CoreOptions, ledger: Ledger, store: SpaceStore, revision: number) {
    this.options = options
    this.ledger = ledger
    this.store = store
    this.committer = new Committer(ledger, store, revision, {
      onAbsorbed: () => this.#absorbed(),
      onReplaced: () => this.#replaced(),
      onBehind: () => this.#catchUpSoon(),
    })
    for (const [name, collection] of Object.entries(options.collections)) this.#configure(name, collection)
  }

  #configure(name: string, { strategy = 'auto_merge', merge }: CollectionOptions): void {
    const shown = new ShownCollection(this.ledger, name, strategy, merge && this.#guard(name, merge))
    const { limits, clock } = this.options
    const writer = new Writer({ ledger: this.ledger, limits, reads: this.reads, wallMs: () => clock.now() }, shown)
    this.collections.set(name, { shown, writer, listeners: new Set() })
  }

  /** A merge that throws, or gives what is no JSON, shows the latest value, and the status says so. */
  #guard(name: string, merge: Merge): Merge {
    return (field, values) => {
      try {
        return toJson(merge(field, values))
      } catch (cause) {
        this.mergeFailure ??= new SyncError(
          'merge_failed',
          `The merge of "${name}" failed: ${(cause as Error).message}`,
          {
            cause,
            fix: 'Make it a pure function that gives JSON for whatever values the documents may hold.',
          },
        )
        return values.at(-1) ?? null
      }
    }
  }

  /** Runs a write now; its promise resolves once the tick's transaction is on disk. */
  write<T>(write: () => { readonly operations: readonly Operation[]; readonly result: T }): WriteResult<T> {
    const mark = this.ledger.mark()
    try {
      if (this.isClosed || this.isClosing) throw closedError()
      const { operations, result } = write()
      this.committer.stage(operations)
      const outcomes = operations.map((operation) => this.ledger.outbox.itemOf(operation)?.outcome)
      const done = this.#batch ? this.#batch.done.promise : this.#committed()
      return withAcknowledged(
        done.then(() => result),
        outcomes,
        this.#batch !== undefined,
      )
    } catch (thrown) {
      this.ledger.undo(mark)
      // What the app's own code threw stays what it was.
      const error = thrown instanceof Error ? thrown : toSyncError(thrown, 'invalid_value')
      if (this.#batch) this.#batch.failed ??= error
      return withAcknowledged(Promise.reject(error), [], this.#batch !== undefined)
    }
  }

  /** Several writes in one transaction and one notification: all of them, or none. */
  batch(run: () => void): WriteResult {
    if (this.#batch) {
      throw new SyncError('invalid_options', 'A batch cannot be opened within a batch.')
    }
    const mark = this.ledger.mark()
    const batch: Batch = { failed: undefined, done: Promise.withResolvers<void>() }
    this.#batch = batch
    try {
      if (this.isClosed || this.isClosing) throw closedError()
      const returned: unknown = run()
      if (returned instanceof Promise) {
        // What it goes on to do fails with the batch, which tells of it.
        returned.catch(() => {})
        throw new SyncError('invalid_options', 'A batch must do its writes before it returns; it returned a promise.', {
          fix: 'Await what you need first, then call batch with a plain function.',
        })
      }
    } catch (thrown) {
      batch.failed ??= thrown instanceof Error ? thrown : toSyncError(thrown, 'invalid_value')
    }
    this.#batch = undefined
    const outcomes = this.ledger.outcomesSince(mark)
    if (batch.failed) {
      this.ledger.undo(mark)
      batch.done.reject(batch.failed)
    } else {
      this.#committed().then(batch.done.resolve, batch.done.reject)
    }
    return withAcknowledged(batch.done.promise, batch.failed ? [] : outcomes)
  }

  async #committed(): Promise<void> {
    this.#tick ??= this.#endOfTick(this.committer.failures)
    await this.#tick
  }

  async #endOfTick(failures: number): Promise<void> {
    await Promise.resolve()
    // Unless a failed commit has ended it already, and another has begun.
    if (failures === this.committer.failures) this.#tick = undefined
    this.notify()
    await this.committer.flush(failures)
    this.onLocalWrite()
  }

  /** Commits what the sync loop changed, and tells of it. */
  async commit(): Promise<void> {
    this.notify()
    await this.committer.flush()
  }

  /** Brings what the app sees up to date; reading does it too, so that a write is seen at once. */
  settle(): void {
    const { touched } = this.ledger
    if (touched.size === 0) return
    for (const [document, origin] of touched) {
      const parts = this.collections.get(document.collection)
      if (parts) this.#collect(document.collection, parts.shown.refresh(document, origin))
    }
    touched.clear()
  }

  #collect(collection: string, changes: readonly ShownChange[]): void {
    for (const change of changes) {
      const known = this.#changes.get(collection) ?? new Map<string, ShownChange>()
      this.#changes.set(collection, known)
      const first = known.get(change.id)
      const origin = first?.origin === 'remote' ? 'remote' : change.origin
      known.set(change.id, first ? { ...change, before: first.before, origin } : change)
    }
  }

  /** One notification for everything that changed since the last. */
  notify(): void {
    this.settle()
    const changed = [...this.#changes].map(([name, changes]) => [name, [...changes.values()]] as const)
    this.#changes.clear()
    const all: DocumentChange[] = []
    for (const [name, changes] of changed) {
      const { listeners } = this.collections.get(name) as CollectionParts
      const different = changes.filter(({ before, after }) => !isSameShown(before, after))
      const visible = different.filter(
        ({ before, after }) => before?.value !== after?.value || before?.metadata !== after?.metadata,
      )
      if (different.length) for (const listener of Array.from(listeners)) callSafely(() => listener(different))
      for (const { id, before, after, origin } of visible) {
        all.push({ collection: name, id, before: before && valueOf(before), after: after && valueOf(after), origin })
      }
    }
    for (const [name, { shown }] of this.collections) {
      for (const change of shown.takeConflictChanges()) this.#tellConflicts(name, change)
    }
    if (all.length) this.emitter.emit('change', all)
    this.onChange()
  }

  #tellConflicts(collection: string, { id, come, gone }: ConflictChange): void {
    // Several openings see the same; the one that leads counts it.
    const counts = this.ledger.lead.opening === undefined || this.ledger.isLeader
    if (counts && come.length) this.ledger.count({ conflictsSeen: come.length })
    if (counts && gone.length) this.ledger.count({ conflictsResolved: gone.length })
    for (const conflict of come) this.emitter.emit('conflict_detected', { collection, id, conflict })
    for (const conflict of gone) this.emitter.emit('conflict_resolved', { collection, id, conflict })
  }

  #catchUpSoon(): void {
    if (this.isClosed || this.isClosing) return
    this.options.clock.after(CATCH_UP_MS, () => {
      if (!this.isClosed) void this.committer.catchUp()
    })
  }

  #absorbed(): void {
    this.notify()
    this.onOthersWrote()
  }

  #replaced(): void {
    // What was written before is gone; a write from now on belongs to the next transaction.
    this.#tick = undefined
    for (const [name, { shown }] of this.collections) this.#collect(name, shown.reset())
    this.#absorbed()
  }
}

/** When to look again at what others committed, after it could not be read. */
const CATCH_UP_MS = 1000

export const closedError = (): SyncError =>
  new SyncError('closed', 'The engine is closed.', { fix: 'Open it again before you read or write.' })

/** In a batch the batch's own promise tells of a failure, so that of the single write is not waited for. */
function withAcknowledged<T>(
  promise: Promise<T>,
  outcomes: readonly (Outcome | undefined)[],
  isInBatch = false,
): WriteResult<T> {
  if (isInBatch) promise.catch(() => {})
  let acknowledged: Promise<void> | undefined
  return Object.defineProperty(promise, 'acknowledged', {
    get() {
      if (acknowledged) return acknowledged
      acknowledged = allOf(promise, outcomes)
      // Whoever reads it and does not wait for it is not to be told of a failure by a crash.
      acknowledged.catch(() => {})
      return acknowledged
    },
  }) as WriteResult<T>
}

async function allOf(promise: Promise<unknown>, outcomes: readonly (Outcome | undefined)[]): Promise<void> {
  const settled = outcomes.map(async (outcome) => outcome?.promise)
  await Promise.all([promise, ...settled])
}
