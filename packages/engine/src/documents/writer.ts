import {
  type Delta,
  type DocumentState,
  EMPTY_STATE,
  type FieldWrite,
  type JsonObject,
  type JsonValue,
  type Limits,
  NO_NAMES,
  type Operation,
  type PushEntry,
  SyncError,
  type WriteName,
  applyDelta,
  baseOf,
  checkName,
  commonVersion,
  deltaBetween,
  isJsonObject,
  toJson,
  unitOf,
  utf8Length,
  viewOf,
} from '@whisker/protocol'
import type { LocalDocument } from '../ledger/document.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { renameIn } from '../ledger/renames.ts'
import { withoutUndone } from '../ledger/rollback.ts'
import { bytesOf } from '../ledger/stored.ts'
import { partsOf } from './parts.ts'
import { applyPatch, draftOf, isPlainObject } from './patch.ts'
import { type Shown, type ShownCollection, valueOf } from './shown.ts'

/**
 * Which states a frozen value was read from, so that an edit can say what its author had seen. One value may show under
 * several ids: first as a document, and as its copy once a later one has taken its place.
 */
export type ReadStates = WeakMap<object, readonly ReadState[]>
export interface ReadState {
  readonly collection: string
  readonly id: string
  readonly state: DocumentState
  /** How often writes had been taken back by then. */
  readonly rollbacks: number
}

export interface WriterContext {
  readonly ledger: Ledger
  readonly limits: Limits
  readonly reads: ReadStates
  readonly wallMs: () => number
}

type Draft = Pick<Operation, 'type' | 'delta'> & Partial<Pick<Operation, 'base' | 'keep' | 'drop'>>

/** Turns what the app asks for into operations of one collection. Everything is checked before anything is written. */
export class Writer {
  readonly #context: WriterContext
  readonly #shown: ShownCollection

  constructor(context: WriterContext, shown: ShownCollection) {
    this.#context = context
    this.#shown = shown
  }

  create(id: string, value: unknown): Operation {
    checkName(id, 'document')
    if (this.#shown.documents.has(id)) {
      throw new SyncError('document_exists', `${this.#shown.name} has a document "${id}" already.`, {
        fix: 'Use update, or set to create or replace.',
      })
    }
    return this.#create(id, this.#document(value))
  }

  update(id: string, change: unknown, read: unknown): readonly Operation[] {
    const shown = this.#get(id)
    const from = read === undefined ? valueOf(shown) : this.#readValue(id, read)
    let next: unknown
    if (typeof change === 'function') {
      const draft = draftOf(from)
      const returned = (change as (draft: JsonObject) => unknown)(draft)
      if (returned instanceof Promise) {
        returned.catch(() => {})
        throw new SyncError(
          'invalid_options',
          'An edit must be done when its function returns; it returned a promise.',
          {
            fix: 'Await what you need first, then call update with a plain function.',
          },
        )
      }
      if (typeof returned === 'object' && returned !== null) {
        throw new SyncError('invalid_options', 'An edit changes the draft it is given; this one returned an object.', {
          fix: 'Change the draft in place, or pass the whole new document to set.',
        })
      }
      next = draft
    } else {
      if (!isPlainObject(change)) throw notAnObject(change)
      next = applyPatch(from, change)
    }
    return this.#edit(id, shown, this.#document(next), read)
  }

  set(id: string, value: unknown, read: unknown): readonly Operation[] {
    checkName(id, 'document')
    const next = this.#document(value)
    const shown = this.#shown.documents.get(id)
    if (shown) return this.#edit(id, shown, next, read)
    if (read === undefined) return [this.#create(id, next)]
    const source = this.#context.ledger.find(this.#shown.name, id)
    return source ? this.#editFrom(source, next, read) : [this.#create(id, next)]
  }

  updateMetadata(id: string, change: unknown): readonly Operation[] {
    const shown = this.#get(id)
    if (!isPlainObject(change)) throw notAnObject(change)
    const next = this.#document(applyPatch(shown.metadata, change))
    const delta = deltaBetween(shown.metadata, next, 'metadata')
    if (delta.length === 0) return []
    if (shown.copy) return [this.#create(id, shown.value, delta)]
    return [this.#write(shown.source, { type: 'metadata_update', delta })]
  }

  delete(id: string): readonly Operation[] {
    const shown = this.#get(id)
    if (shown.copy) return [this.#write(shown.source, { type: 'update', delta: [], drop: shown.copy.writes })]
    return [this.remove(shown.source)]
  }

  /** Deletes a document whole, whatever it shows; copies stay. */
  remove(document: LocalDocument): Operation {
    return this.#write(document, {
      type: 'delete',
      delta: [contentRoot(undefined)],
      keep: this.#copiesOf(document.state),
    })
  }

  /** Writes one place of a document over everything that stands there. */
  settle(document: LocalDocument, write: FieldWrite): Operation {
    const whole = this.#shown.documents.get(document.id)?.value ?? {}
    this.#document(applyDelta(whole, [write]))
    return this.#write(document, { type: 'update', delta: [write], keep: this.#copiesOf(document.state) })
  }

  drop(document: LocalDocument, drop: readonly WriteName[]): Operation {
    return this.#write(document, { type: 'update', delta: [], drop })
  }

  #get(id: string): Shown {
    const shown = this.#shown.documents.get(id)
    if (shown) return shown
    throw new SyncError('document_not_found', `${this.#shown.name} has no document ${JSON.stringify(id)}.`, {
      fix: 'Use create, or set to create or replace.',
    })
  }

  #document(value: unknown): JsonObject {
    const document = toJson(value, this.#context.limits.depth)
    if (!isJsonObject(document)) throw notAnObject(value)
    const bytes = utf8Length(JSON.stringify(document))
    const most = this.#context.limits.documentBytes
    if (bytes > most) {
      throw new SyncError(
        'document_too_large',
        `A document (and what is noted about it) has at most ${most} bytes of JSON; this one has ${bytes}.`,
        {
          fix: 'Split it into several documents.',
        },
      )
    }
    return document
  }

  #create(id: string, value: JsonObject, metadata: Delta = []): Operation {
    const document = this.#context.ledger.obtain(this.#shown.name, id)
    // What was noted about a deleted document of the same id does not come back with the new one.
    const hasOld = document.state.writes.some((write) => write.root === 'metadata')
    const cleared: Delta = hasOld && metadata.length === 0 ? [{ root: 'metadata', path: [], value: {} }] : []
    return this.#write(document, {
      type: 'create',
      delta: [contentRoot(value), ...cleared, ...metadata],
      keep: this.#copiesOf(document.state),
    })
  }

  #edit(id: string, shown: Shown, next: JsonObject, read: unknown): readonly Operation[] {
    if (!shown.copy) return this.#editFrom(shown.source, next, read)
    if (read !== undefined) this.#readState(id, read)
    return [this.#create(id, next)]
  }

  #editFrom(document: LocalDocument, next: JsonObject, read: unknown): readonly Operation[] {
    const { ledger } = this.#context
    const known = read === undefined ? undefined : this.#readState(document.id, read)
    const state = known?.state ?? document.state
    const view = this.#shown.viewOf(document, state)
    const delta = deltaBetween(view.value ?? {}, next)
    if (delta.length === 0) return this.#shown.documents.has(document.id) ? [] : [this.#create(document.id, next)]
    const { strategy } = this.#shown
    const written = unitOf(strategy) === 'document' ? [contentRoot(next)] : delta
    const parts =
      strategy === 'manual'
        ? partsOf(written, view.value ?? {}, view.standing)
        : [{ delta: written, keep: this.#copiesOf(state) }]
    // Each part says what its author had seen before the edit, and nothing of the parts beside it.
    const base = baseOf(state)
    const isCurrent = state === document.state
    return parts.map((part) => {
      const seen = { base, keep: part.keep, drop: NO_NAMES }
      if (isCurrent) return this.#write(document, { type: 'update', delta: part.delta, ...seen })
      const standing = withoutUndone(seen, ledger.rollbacks.slice(known?.rollbacks))
      const renamed = renameIn(standing, document, ledger.renames)
      const common = commonVersion(renamed.base, document.state.version)
      return this.#write(document, { type: 'update', delta: part.delta, ...renamed, base: common })
    })
  }

  #copiesOf(state: DocumentState): readonly WriteName[] {
    if (this.#shown.strategy !== 'keep_both' || state === EMPTY_STATE || state.writes.length < 2) return NO_NAMES
    return viewOf(state, { strategy: 'keep_both', document: '' }).standing.flatMap(({ writes }) => writes)
  }

  #readState(id: string, read: unknown): ReadState {
    const known = typeof read === 'object' && read !== null ? this.#context.reads.get(read) : undefined
    if (!known) throw unknownRead('something else')
    const own = known.find((one) => one.collection === this.#shown.name && one.id === id)
    if (!own) throw unknownRead('of another document')
    return own
  }

  #readValue(id: string, read: unknown): JsonObject {
    this.#readState(id, read)
    return read as JsonObject
  }

  #write(document: LocalDocument, draft: Draft): Operation {
    const { ledger, limits, wallMs } = this.#context
    const bounded = (entry: PushEntry): number => {
      const bytes = bytesOf(entry)
      if (bytes <= limits.operationBytes) return bytes
      throw new SyncError(
        'operation_too_large',
        `The operation has ${bytes} bytes; ${limits.operationBytes} are allowed.`,
      )
    }
    return ledger.write(
      {
        type: draft.type,
        collection: document.collection,
        document: document.id,
        base: draft.base ?? baseOf(document.state),
        delta: draft.delta,
        keep: draft.keep ?? NO_NAMES,
        drop: draft.drop ?? NO_NAMES,
      },
      wallMs(),
      bounded,
    )
  }
}

const contentRoot = (value: JsonValue | undefined): FieldWrite => ({ root: 'content', path: [], value })

const notAnObject = (value: unknown): SyncError =>
  new SyncError(
    'invalid_value',
    `A document is an object, not ${value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`}.`,
    {
      details: { path: [] },
    },
  )

const unknownRead = (what: string): SyncError =>
  new SyncError(
    'invalid_options',
    `read must be a value that this collection gave for the same document; it is ${what}.`,
    {
      fix: 'Pass the very object that get, list or a subscription gave.',
    },
  )
