import { type DocumentState, type Write, compareWrites, nameOf, supersedes } from './document-state.ts'
import { type FoldResult, type Standing, foldFields } from './field-tree.ts'
import { type Dot, copyId } from './identity.ts'
import { type JsonObject, type JsonValue, isJsonObject, jsonEqual } from './json.ts'
import { type WriteName, isDelete } from './operation.ts'
import { type Conflict, type ConflictValue, type Merge, type Strategy, unitOf } from './strategy.ts'
import { type DistinctWrites, distinctWrites } from './twins.ts'

/** What the app sees of a document: a pure function of its live writes, total over mixed units. */
export interface DocumentView {
  /** No value: there is no such document (never was, or deleted). */
  readonly value: JsonObject | undefined
  readonly metadata: JsonObject
  readonly conflicts: readonly Conflict[]
  /** Under `keep_both`: the other values, each a document of its own. */
  readonly copies: readonly Copy[]
  /** What an edit through this view leaves standing, by the place it stands at. */
  readonly standing: readonly Standing[]
}

export interface Copy {
  readonly id: string
  readonly dot: Dot
  readonly value: JsonObject
  /** The live writes that only the copy consists of: to drop them takes nothing from any other document. */
  readonly writes: readonly WriteName[]
}

export interface ViewOptions {
  readonly strategy: Strategy
  /** The document's id, from which the ids of copies are derived. */
  readonly document: string
  readonly merge?: Merge | undefined
}

const NOTHING: readonly never[] = Object.freeze([])
const NO_METADATA: JsonObject = Object.freeze({})
const ABSENT: DocumentView = Object.freeze({
  value: undefined,
  metadata: NO_METADATA,
  conflicts: NOTHING,
  copies: NOTHING,
  standing: NOTHING,
})

/** Whether nothing of the document shows under any strategy: it was deleted, and no edit stands beside the delete. */
export function isTombstone(state: DocumentState): boolean {
  // What stands with twins told apart may be hidden when they are one, never the other way round.
  return !hasVisible(state.writes) || !hasVisible(distinctWrites(state.writes).writes)
}

function hasVisible(writes: readonly Write[]): boolean {
  const content = writes.filter((write) => write.root === 'content')
  const deletes = content.filter(isDelete)
  return content.some((write) => !isDelete(write) && isVisible(write, deletes))
}

export function viewOf(state: DocumentState, options: ViewOptions): DocumentView {
  const only = state.writes.length === 1 ? state.writes[0] : undefined
  if (only && only.root === 'content' && only.path.length === 0) {
    return only.value === undefined ? ABSENT : { ...ABSENT, value: asDocument(only.value) }
  }
  const { writes: sorted, namesOf } = distinctWrites(state.writes)
  const content = sorted.filter((write) => write.root === 'content')
  const deletes = content.filter(isDelete)
  const edits = content.filter((write) => !isDelete(write))
  if (!edits.some((edit) => isVisible(edit, deletes))) return ABSENT
  const seen = withAllNames(
    unitOf(options.strategy) === 'field'
      ? viewFields(edits, deletes, options.merge)
      : viewDocuments(edits, deletes, options),
    namesOf,
  )
  if (!seen.value && seen.copies.length === 0) return { ...seen, metadata: NO_METADATA }
  const metadata = foldFields(sorted.filter((write) => write.root === 'metadata')).value
  return { ...seen, metadata: metadata === undefined ? NO_METADATA : asDocument(metadata) }
}

const isVisible = (edit: Write, deletes: readonly Write[]): boolean => !deletes.some((one) => supersedes(one, edit))

/** A document is an object; a peer that wrote anything else at its root is shown as an empty one. */
const asDocument = (value: JsonValue): JsonObject => (isJsonObject(value) ? value : NO_METADATA)

type ContentView = Omit<DocumentView, 'metadata'>

function withAllNames(view: ContentView, namesOf: DistinctWrites['namesOf']): ContentView {
  const expand = <T extends { readonly writes: readonly WriteName[] }>(one: T): T => ({
    ...one,
    writes: one.writes.flatMap(namesOf),
  })
  return { ...view, copies: view.copies.map(expand), standing: view.standing.map(expand) }
}

/** `auto_merge` and `manual`: one document of merged fields. An edit that a delete had not seen brings all of it back. */
function viewFields(edits: readonly Write[], deletes: readonly Write[], merge: Merge | undefined): ContentView {
  const fold = foldFields(edits, merge)
  const value = asDocument(fold.value ?? NO_METADATA)
  const unseen = deletes.filter((one) => edits.some((edit) => areConcurrent(one, edit)))
  if (unseen.length === 0) return { value, conflicts: fold.conflicts, copies: NOTHING, standing: fold.standing }
  const latest = edits.filter((edit) => isVisible(edit, deletes)).at(-1) as Write
  const returned: Conflict = {
    path: NOTHING,
    values: [...unseen.map((one) => asConflictValue(one, undefined, false)), asConflictValue(latest, value, true)],
  }
  return { value, conflicts: [returned, ...fold.conflicts], copies: NOTHING, standing: fold.standing }
}

const areConcurrent = (a: Write, b: Write): boolean => !supersedes(a, b) && !supersedes(b, a)

/** A whole document that somebody wrote, with the field writes made on top of it. */
interface Candidate {
  readonly write: Write
  readonly latest: Write
  readonly fold: FoldResult
  /** All that it consists of: the write and the field writes. */
  readonly writes: readonly Write[]
}

/** `last_write_wins` and `keep_both`: the latest whole document; the others are its conflict, or its copies. */
function viewDocuments(edits: readonly Write[], deletes: readonly Write[], options: ViewOptions): ContentView {
  const candidates = candidatesOf(edits, deletes)
  const top = candidates.at(-1) as Candidate
  const lastDelete = deletes.at(-1)
  const deleteWins = !!lastDelete && compareWrites(lastDelete, top.latest) > 0
  const value = deleteWins ? undefined : asDocument(top.fold.value ?? NO_METADATA)
  const others = deleteWins ? candidates : candidates.slice(0, -1)
  if (options.strategy === 'keep_both') {
    const users = new Map<Write, number>()
    for (const { writes } of candidates) for (const write of writes) users.set(write, (users.get(write) ?? 0) + 1)
    const copies = others.map((other): Copy => ({
      id: copyId(options.document, other.write.dot),
      dot: other.write.dot,
      value: asDocument(other.fold.value ?? NO_METADATA),
      writes: other.writes.filter((write) => users.get(write) === 1).map(nameOf),
    }))
    const left = [...new Set(others.flatMap((other) => other.writes))].map(nameOf)
    const standing = left.length ? [{ path: NOTHING, writes: left }] : NOTHING
    return { value, conflicts: value ? top.fold.conflicts : NOTHING, copies, standing }
  }
  const rivals = deletes.filter((one) =>
    candidates.some(({ writes }) => writes.some((edit) => areConcurrent(one, edit))),
  )
  const values = [
    ...rivals.map((one) => ({ order: one, value: asConflictValue(one, undefined, deleteWins && one === lastDelete) })),
    ...candidates.map((one) => ({
      order: one.latest,
      value: asConflictValue(one.write, asDocument(one.fold.value ?? NO_METADATA), !deleteWins && one === top),
    })),
  ]
    .sort((a, b) => compareWrites(a.order, b.order))
    .map((entry) => entry.value)
  const differ = values.some((one) => !jsonEqual(one.value, values[0]?.value))
  const merged = differ && value && options.merge ? options.merge(NOTHING, present(values)) : undefined
  return {
    value: merged === undefined ? value : asDocument(merged),
    conflicts: [...(differ ? [{ path: NOTHING, values }] : NOTHING), ...(value ? top.fold.conflicts : NOTHING)],
    copies: NOTHING,
    standing: NOTHING,
  }
}

/**
 * The whole documents in sight, the latest last. A field write (from before a change of strategy) belongs
 * to each document that its author had seen, or else to the latest.
 */
function candidatesOf(edits: readonly Write[], deletes: readonly Write[]): Candidate[] {
  const fields = edits.filter((edit) => edit.path.length > 0)
  const visibleFields = fields.filter((field) => isVisible(field, deletes))
  const roots = edits
    .filter((edit) => edit.path.length === 0)
    .filter((root) => isVisible(root, deletes) || visibleFields.some((field) => supersedes(field, root)))
  const fieldsOf = (root: Write): Write[] => fields.filter((field) => supersedes(field, root))
  const taken = new Set(roots.flatMap(fieldsOf))
  const loose = fields.filter((field) => !taken.has(field))
  if (roots.length === 0) return [candidateOf(undefined, loose)]
  const candidates = roots.map((root) => candidateOf(root, fieldsOf(root))).sort(byLatest)
  if (loose.length === 0) return candidates
  const { write } = candidates.at(-1) as Candidate
  return [...candidates.slice(0, -1), candidateOf(write, [...fieldsOf(write), ...loose])]
}

function candidateOf(root: Write | undefined, fields: readonly Write[]): Candidate {
  const writes = root ? [root, ...fields] : fields
  const folded = [...writes].sort(compareWrites)
  return { write: root ?? (folded[0] as Write), latest: folded.at(-1) as Write, fold: foldFields(folded), writes }
}

const byLatest = (a: Candidate, b: Candidate): number => compareWrites(a.latest, b.latest)

const present = (values: readonly ConflictValue[]): JsonValue[] =>
  values.filter((one) => one.value !== undefined).map((one) => one.value as JsonValue)

const asConflictValue = (write: Write, value: JsonValue | undefined, shown: boolean): ConflictValue => ({
  dot: write.dot,
  time: write.time,
  value,
  shown,
})
