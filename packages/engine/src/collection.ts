import {
  EMPTY_STATE,
  type Conflict,
  type JsonObject,
  type JsonValue,
  type Operation,
  type Strategy,
  SyncError,
  mintDocumentId,
} from '@whisker/protocol'
import type { CollectionParts, Core, WriteResult } from './core.ts'
import { closedError } from './core.ts'
import { type ListOptions, pick } from './documents/list.ts'
import { conflictSource, type Resolution, resolveConflict } from './documents/resolve.ts'
import { type Shown, type ShownChange, metadataOf, valueOf } from './documents/shown.ts'
import { callSafely } from './events.ts'
import { checkFunction } from './check-options.ts'
import type { DeepMutable, DeepReadonly, Patch } from './plain-types.ts'

/** One document as `list` gives it. */
export interface ListedDocument<T> {
  readonly id: string
  readonly value: DeepReadonly<T>
  readonly metadata: JsonObject
  /** Whether the server has not acknowledged all of it. */
  readonly pending: boolean
  readonly conflicts: readonly Conflict[]
}

export interface CollectionChange<T> {
  readonly id: string
  readonly before: DeepReadonly<T> | undefined
  readonly after: DeepReadonly<T> | undefined
  /**
   * `local`: this app wrote it. `remote`: something of it came from elsewhere: another device, another opening of the
   * store, the server that refused a write, or the store that did not take one.
   */
  readonly origin: 'local' | 'remote'
}

export interface OpenConflict extends Conflict {
  readonly id: string
}

export interface WriteOptions<T> {
  /** The very value that the change was made from: what arrived since then is merged and listed, not overwritten. */
  readonly read?: DeepReadonly<T> | undefined
}

/**
 * The documents of one collection. Reading is synchronous and gives frozen values, the same reference
 * until they change. Writing shows at once; the promise resolves when it is durable on this device.
 */
export class Collection<T> {
  readonly name: string
  readonly strategy: Strategy
  readonly #core: Core
  readonly #parts: CollectionParts

  constructor(core: Core, name: string, parts: CollectionParts) {
    this.#core = core
    this.#parts = parts
    this.name = name
    this.strategy = parts.shown.strategy
  }

  /** Refuses an id that is taken: `document_exists`. */
  create(id: string, value: DeepReadonly<T>): WriteResult {
    return this.#write(() => [this.#parts.writer.create(id, value)])
  }

  /** Creates a document under a new id that sorts by time; resolves to the id. */
  add(value: DeepReadonly<T>): WriteResult<string> {
    const id = this.#mintId()
    return this.#core.write(() => ({ operations: [this.#parts.writer.create(id, value)], result: id }))
  }

  #mintId(): string {
    const { random, clock } = this.#core.options
    return mintDocumentId(random, clock.now())
  }

  /** Changes some fields, by a deep partial (`undefined` removes) or by editing a draft in place. */
  update(id: string, change: Patch<T> | ((draft: DeepMutable<T>) => void), options: WriteOptions<T> = {}): WriteResult {
    return this.#write(() => this.#parts.writer.update(id, change, options.read))
  }

  /** Creates or replaces, with the smallest delta against what was read (or else what is there now). */
  set(id: string, value: DeepReadonly<T>, options: WriteOptions<T> = {}): WriteResult {
    return this.#write(() => this.#parts.writer.set(id, value, options.read))
  }

  updateMetadata(id: string, change: Readonly<Record<string, JsonValue | undefined>>): WriteResult {
    return this.#write(() => this.#parts.writer.updateMetadata(id, change))
  }

  delete(id: string): WriteResult {
    return this.#write(() => this.#parts.writer.delete(id))
  }

  /** Ends a conflict: with one of its values, with a new one, or with a document for each. */
  resolve(id: string, resolution: Resolution): WriteResult {
    return this.#write(() => {
      const { shown, writer } = this.#parts
      const document = this.#core.ledger.find(this.name, id)
      const source = conflictSource(shown, shown.documents.get(id), document, id)
      return resolveConflict({ shown, writer, document: source, mintId: () => this.#mintId() }, resolution)
    })
  }

  #write(write: () => readonly Operation[]): WriteResult {
    return this.#core.write(() => {
      this.#core.settle()
      return { operations: write(), result: undefined }
    })
  }

  get(id: string): DeepReadonly<T> | undefined {
    const shown = this.#current().documents.get(id)
    return shown && this.#read(id, shown)
  }

  metadata(id: string): JsonObject | undefined {
    const shown = this.#current().documents.get(id)
    return shown && metadataOf(shown)
  }

  has(id: string): boolean {
    return this.#current().documents.has(id)
  }

  get size(): number {
    return this.#current().documents.size
  }

  list(options: ListOptions<DeepReadonly<T>> = {}): readonly ListedDocument<T>[] {
    if (options.where !== undefined) checkFunction('where', options.where)
    return pick(this.#listed(), options)
  }

  /** Open conflicts, also those of documents that a concurrent delete has taken out of sight. */
  conflicts(): readonly OpenConflict[] {
    const shown = this.#current()
    return [...shown.documentsInConflict]
      .flatMap((document) => shown.viewOf(document).conflicts.map((conflict) => ({ id: document.id, ...conflict })))
      .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  }

  /** Calls back with what looks different (or has other conflicts), once per tick; returns what ends it. */
  subscribe(listener: (changes: readonly CollectionChange<T>[]) => void): () => void {
    checkFunction('The listener', listener)
    const { listeners } = this.#parts
    const own = (changes: readonly ShownChange[]): void => {
      const visible = changes.map(({ id, before, after, origin }) => ({
        id,
        before: before && (valueOf(before) as DeepReadonly<T>),
        after: after && this.#read(id, after),
        origin,
      }))
      callSafely(() => listener(visible))
    }
    listeners.add(own)
    return () => void listeners.delete(own)
  }

  #current(): CollectionParts['shown'] {
    if (this.#core.isClosed) throw closedError()
    this.#core.settle()
    return this.#parts.shown
  }

  *#listed(): Iterable<ListedDocument<T>> {
    for (const [id, shown] of this.#current().documents) {
      yield {
        id,
        value: this.#read(id, shown),
        metadata: metadataOf(shown),
        pending: shown.source.pending.length > 0,
        conflicts: shown.conflicts,
      }
    }
  }

  /**
   * Remembers what state the value shows, so that an edit of it can say what its author had seen. The first
   * under an id counts: what comes later without changing the value was not in it.
   */
  #read(id: string, shown: Shown): DeepReadonly<T> {
    const value = valueOf(shown)
    const { reads, ledger } = this.#core
    // A copy is no document yet: whoever edits it has seen nothing of the one that may take its place.
    const state = shown.copy ? EMPTY_STATE : shown.state
    const known = reads.get(value) ?? []
    const isKnown = known.some((one) => one.collection === this.name && one.id === id)
    if (!isKnown) reads.set(value, [...known, { collection: this.name, id, state, rollbacks: ledger.rollbacks.length }])
    return value as DeepReadonly<T>
  }
}

export const unknownCollection = (name: string): SyncError =>
  new SyncError('unknown_collection', `The collection ${JSON.stringify(name)} was not configured.`, {
    fix: 'Name it in `collections` when the engine is opened. Until then it is kept and synced, but not shown.',
  })
