import {
  type Conflict,
  type Copy,
  type DocumentState,
  type DocumentView,
  type JsonObject,
  type Merge,
  type Strategy,
  deepFreeze,
  jsonEqual,
  samePath,
  viewOf,
} from '@whisker/protocol'
import type { LocalDocument } from '../ledger/document.ts'
import type { Ledger, Origin } from '../ledger/ledger.ts'

/** One document as the app sees it. */
export interface Shown {
  readonly value: JsonObject
  readonly metadata: JsonObject
  readonly conflicts: readonly Conflict[]
  /** The document that it comes from: itself, or the original of a copy. */
  readonly source: LocalDocument
  /** The state that it shows; its source may have gone on since. */
  readonly state: DocumentState
  readonly copy: Copy | undefined
}

export interface ShownChange {
  readonly id: string
  readonly before: Shown | undefined
  readonly after: Shown | undefined
  readonly origin: Origin
}

export interface ConflictChange {
  readonly id: string
  readonly come: readonly Conflict[]
  readonly gone: readonly Conflict[]
}

/**
 * A configured collection as the app sees it, kept up to date document by document. Under `keep_both` a
 * document may show as several; a real document always takes the place of the copy of the same id.
 */
export class ShownCollection {
  readonly name: string
  readonly strategy: Strategy
  readonly documents: Map<string, Shown> = new Map()
  readonly #ledger: Ledger
  readonly #merge: Merge | undefined
  readonly #views: Map<LocalDocument, DocumentView> = new Map()
  readonly #inConflict: Set<LocalDocument> = new Set()
  /** The originals by the ids of their copies: a copy may have copies, of the same stem. */
  readonly #copied: Map<string, LocalDocument> = new Map()
  /** By id: what was in conflict when that was told last. Only of documents that had conflicts since then, or have some. */
  readonly #untold: Map<string, readonly Conflict[]> = new Map()

  constructor(ledger: Ledger, name: string, strategy: Strategy, merge: Merge | undefined) {
    this.#ledger = ledger
    this.name = name
    this.strategy = strategy
    this.#merge = merge
    this.#fill()
    this.#untold.clear()
  }

  #fill(): void {
    for (const document of this.#ledger.documents.get(this.name)?.values() ?? []) this.refresh(document, 'remote')
  }

  /** Looks at everything anew, after the ledger became another one; returns what now looks different. */
  reset(): readonly ShownChange[] {
    const before = new Map(this.documents)
    for (const document of this.#inConflict) this.#noteConflicts(document.id, this.viewOf(document).conflicts)
    this.documents.clear()
    this.#views.clear()
    this.#inConflict.clear()
    this.#copied.clear()
    this.#fill()
    return [...new Set([...before.keys(), ...this.documents.keys()])]
      .map((id): ShownChange => ({ id, before: before.get(id), after: this.documents.get(id), origin: 'remote' }))
      .filter((change) => !change.before || !change.after || !isSame(change.before, change.after))
  }

  /** What the document shows, now or in another of its states. */
  viewOf(document: LocalDocument, state: DocumentState = document.state): DocumentView {
    if (state !== document.state) return this.#view(document, state)
    return this.#views.get(document) ?? this.#view(document)
  }

  /** How many places are in conflict. */
  get conflictCount(): number {
    let count = 0
    for (const document of this.#inConflict) count += this.viewOf(document).conflicts.length
    return count
  }

  get documentsInConflict(): Iterable<LocalDocument> {
    return this.#inConflict
  }

  /** Looks at a document again; returns what now looks different. */
  refresh(document: LocalDocument, origin: Origin): readonly ShownChange[] {
    const previous = this.#views.get(document)
    const view = this.#view(document)
    if (view.conflicts.length || previous?.conflicts.length) this.#noteConflicts(document.id, previous?.conflicts ?? [])
    if (view.conflicts.length || view.copies.length || previous) this.#views.set(document, view)
    if (view.conflicts.length) this.#inConflict.add(document)
    else this.#inConflict.delete(document)
    if (!view.conflicts.length && !view.copies.length) this.#views.delete(document)
    const changes: ShownChange[] = []
    this.#place(document.id, this.#shownOf(document, view), origin, changes)
    if (!previous?.copies.length && !view.copies.length) return changes
    for (const { id } of previous?.copies ?? []) this.#copied.delete(id)
    for (const { id } of view.copies) this.#copied.set(id, document)
    for (const { id } of [...(previous?.copies ?? []), ...view.copies]) {
      const edited = this.#ledger.find(this.name, id)
      this.#place(id, this.#shownAt(id), (edited && this.#ledger.touched.get(edited)) ?? origin, changes)
    }
    return changes
  }

  #noteConflicts(id: string, conflicts: readonly Conflict[]): void {
    if (!this.#untold.has(id)) this.#untold.set(id, conflicts)
  }

  /** Which conflicts have come and gone since this was asked last, also of documents that a delete has taken out of sight. */
  takeConflictChanges(): readonly ConflictChange[] {
    const changes = Array.from(this.#untold, ([id, before]): ConflictChange => {
      const document = this.#ledger.find(this.name, id)
      const after = (document && this.#views.get(document)?.conflicts) ?? []
      return { id, come: conflictsOnlyIn(after, before), gone: conflictsOnlyIn(before, after) }
    })
    this.#untold.clear()
    return changes
  }

  #view(document: LocalDocument, state: DocumentState = document.state): DocumentView {
    return viewOf(state, { strategy: this.strategy, document: document.id, merge: this.#merge })
  }

  #place(id: string, found: Shown | undefined, origin: Origin, changes: ShownChange[]): void {
    const before = this.documents.get(id)
    const after = before && found ? keepReferences(before, found) : found
    if (after) this.documents.set(id, after)
    else this.documents.delete(id)
    if (before?.value === after?.value && before?.metadata === after?.metadata && sameConflicts(before, after)) return
    changes.push({ id, before, after, origin })
  }

  #shownAt(id: string): Shown | undefined {
    const document = this.#ledger.find(this.name, id)
    return document && document.state.version.length > 0
      ? this.#shownOf(document, this.viewOf(document))
      : this.#copyAt(id)
  }

  #shownOf(document: LocalDocument, view: DocumentView): Shown | undefined {
    if (document.state.version.length === 0) return this.#copyAt(document.id)
    if (view.value === undefined) return undefined
    const { value, metadata, conflicts } = view
    return { value, metadata, conflicts, source: document, state: document.state, copy: undefined }
  }

  #copyAt(id: string): Shown | undefined {
    const original = this.#copied.get(id)
    const copy = original && this.viewOf(original).copies.find((one) => one.id === id)
    if (!original || !copy) return undefined
    return { value: copy.value, metadata: {}, conflicts: [], source: original, state: original.state, copy }
  }
}

const conflictsOnlyIn = (one: readonly Conflict[], other: readonly Conflict[]): readonly Conflict[] =>
  one.filter((conflict) => !other.some((known) => samePath(known.path, conflict.path)))

/** What has not changed stays the same reference. */
const keepReferences = (before: Shown, found: Shown): Shown => ({
  ...found,
  value: jsonEqual(before.value, found.value) ? before.value : found.value,
  metadata: jsonEqual(before.metadata, found.metadata) ? before.metadata : found.metadata,
})

/** Whether the app sees the same: values, metadata and conflicts. */
export const isSameShown = (a: Shown | undefined, b: Shown | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && isSame(a, b) && sameConflicts(a, b))

const isSame = (a: Shown, b: Shown): boolean =>
  (a.value === b.value || jsonEqual(a.value, b.value)) && jsonEqual(a.metadata, b.metadata)

const sameConflicts = (a: Shown | undefined, b: Shown | undefined): boolean =>
  a?.conflicts === b?.conflicts || JSON.stringify(a?.conflicts ?? []) === JSON.stringify(b?.conflicts ?? [])

/** The value, frozen through and through when it is first read. */
export const valueOf = (shown: Shown): JsonObject => deepFreeze(shown.value)
export const metadataOf = (shown: Shown): JsonObject => deepFreeze(shown.metadata)
