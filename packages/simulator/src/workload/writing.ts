import { type Collection, type DeepReadonly, type OpenConflict, type WriteResult, formatDot } from '@whisker/engine'
import { type JsonObject, type Strategy, unitOf } from '@whisker/protocol'
import { type Model, textsIn } from '../checks/model.ts'
import type { SeededRandom } from '../random.ts'
import type { Habits } from '../run/plan.ts'
import { type Doc, HOT_IDS } from './documents.ts'

/** A write that is about to be made: what it brings, and what of it its author sees and writes over. */
export interface Intent {
  readonly what: string
  readonly document: string
  readonly texts: readonly string[]
  readonly over: readonly string[]
  /** What it writes again as it was. */
  readonly again?: readonly string[]
  /** What may be settled by it, too. */
  readonly around?: readonly string[]
  readonly isDelete: boolean
  /** The key of the metadata that it writes to. */
  readonly key?: string | undefined
  readonly run: () => WriteResult<unknown>
}

/** What somebody has had open in a form for a while. */
export interface Form {
  readonly document: string
  readonly value: DeepReadonly<Doc>
  readonly conflicts: readonly OpenConflict[]
}

export interface Desk {
  readonly collection: Collection<Doc>
  readonly strategy: Strategy
  readonly model: Model
  readonly random: SeededRandom
  /** What only people with a habit do is decided by this: the others' course stays as it is. */
  readonly rare: SeededRandom
  readonly habits: Habits
  /** Marks the texts of writes that the server will refuse. */
  readonly mark: string
  /** The longest padding of a large document, in characters. */
  readonly paddingLength: number
  /** Where it stands: what is open in a form stays there. */
  readonly name: string
  readonly forms: Map<string, Form>
}

/** What somebody at this desk does next. */
export function nextIntent(desk: Desk): Intent | undefined {
  const { collection, random, rare, habits } = desk
  const ids = collection.list().map(({ id }) => id)
  if (habits.notes && rare.chance(habits.notes)) {
    const hot = ids.filter((id) => HOT_IDS.includes(id))
    if (hot.length > 0) return note(desk, rare.pick(hot))
  }
  const document = ids.length > 0 && random.chance(0.7) ? random.pick(ids) : newId(random)
  const value = collection.get(document)
  if (!value) return create(desk, document)
  const conflicts = collection.conflicts()
  const choice = random.below(20)
  if (choice === 0) return remove(desk, document)
  if (choice === 1) return habits.notes ? note(desk, document) : annotate(desk, document)
  if (choice <= 5 && conflicts.length > 0) return settle(desk, random.pick(conflicts))
  if (choice === 6) return replace(desk, document, value)
  if (choice === 7) {
    desk.forms.set(desk.name, { document, value, conflicts: conflictsOf(desk, document) })
    return undefined
  }
  const form = desk.forms.get(desk.name)
  if (choice <= 10 && form) return submit(desk, form)
  if (choice <= 12) return updateNested(desk, document, value)
  if (choice === 13) return draft(desk, document, value)
  return updateField(desk, document, value)
}

const newId = (random: SeededRandom): string => (random.chance(0.8) ? random.pick(HOT_IDS) : `x${random.below(30)}`)

const without = (texts: readonly string[], kept: readonly string[]): readonly string[] =>
  texts.filter((text) => !kept.includes(text))

const conflictsOf = ({ collection }: Desk, document: string): readonly OpenConflict[] =>
  collection.conflicts().filter(({ id }) => id === document)

/** All that is shown of a document: its value and what is listed beside it. */
const textsOf = (desk: Desk, document: string): readonly string[] =>
  textsIn([desk.collection.get(document), conflictsOf(desk, document)])

/** What an ordinary edit of the whole document writes over: where conflicts are settled by hand, only what is shown. */
const wholeOf = (desk: Desk, document: string): readonly string[] =>
  desk.strategy === 'manual' ? textsIn(desk.collection.get(document)) : textsOf(desk, document)

function create(desk: Desk, document: string): Intent {
  const { collection, model, random, mark, paddingLength } = desk
  const title = model.mint(mark)
  const value: Doc = {
    title,
    ...(random.chance(0.5) && { body: model.mint(mark) }),
    ...(random.chance(0.3) && { place: { city: model.mint(mark), street: model.mint(mark) } }),
    ...(random.chance(0.05) && { padding: 'x'.repeat(random.below(paddingLength)) }),
  }
  const over = textsOf(desk, document)
  const what = 'create'
  return { what, document, texts: textsIn(value), over, isDelete: false, run: () => collection.create(document, value) }
}

/** All that goes with a document that is deleted. */
const allOf = (desk: Desk, document: string): readonly string[] => [
  ...textsOf(desk, document),
  ...textsIn(desk.collection.metadata(document)),
]

function remove(desk: Desk, document: string): Intent {
  const { collection } = desk
  const over = allOf(desk, document)
  return { what: 'delete', document, texts: [], over, isDelete: true, run: () => collection.delete(document) }
}

function annotate({ collection, random }: Desk, document: string): Intent {
  const change = { [random.pick(['pinned', 'colour'])]: random.chance(0.2) ? undefined : random.below(100) }
  const run = (): WriteResult => collection.updateMetadata(document, change)
  return { what: 'annotate', document, texts: [], over: [], isDelete: false, run }
}

const KEYS = ['pinned', 'by.name', 'by.day'] as const

/** Each key of metadata is a place of its own, however deep. */
function note({ collection, model, rare, mark }: Desk, document: string): Intent {
  const key = rare.pick(KEYS)
  const [outer, inner] = key.split('.') as [string, string?]
  const old = collection.metadata(document)?.[outer]
  const common = { what: `note ${key} of`, document, key, isDelete: false }
  if (inner !== undefined) {
    const text = model.mint(mark)
    const over = textsIn((old as JsonObject | undefined)?.[inner])
    const run = (): WriteResult => collection.updateMetadata(document, { [outer]: { [inner]: text } })
    return { ...common, texts: [text], over, run }
  }
  const text = rare.chance(0.3) ? undefined : model.mint(mark)
  const run = (): WriteResult => collection.updateMetadata(document, { [outer]: text })
  return { ...common, texts: text === undefined ? [] : [text], over: textsIn(old), run }
}

function replace(desk: Desk, document: string, before: DeepReadonly<Doc>): Intent {
  const { collection, model, mark } = desk
  const value: Doc = { title: model.mint(mark), body: model.mint(mark) }
  const over = wholeOf(desk, document)
  const texts = textsIn(value)
  // Fields that are left out are removed: what was at them is written over, too.
  const what = before.place ? 'replace all of' : 'replace'
  return { what, document, texts, over, isDelete: false, run: () => collection.set(document, value) }
}

const FIELDS = ['title', 'body'] as const

/** The texts of a field and of what is listed at it or above it. */
function textsAt(
  { strategy }: Desk,
  field: string,
  value: DeepReadonly<Doc>,
  conflicts: readonly OpenConflict[],
): readonly string[] {
  const { [field as keyof Doc]: old, ...rest } = value
  const listed = conflicts.filter(({ path }) => isOneUnit(strategy) || path.length === 0 || path[0] === field)
  return without(textsIn(strategy === 'manual' ? old : [old, listed]), textsIn(rest))
}

/** Whether an edit writes the whole document, and with it over all that is listed anywhere in it. */
const isOneUnit = (strategy: Strategy): boolean => unitOf(strategy) === 'document'

function updateField(desk: Desk, document: string, value: DeepReadonly<Doc>): Intent {
  const { collection, model, random, mark } = desk
  const field = random.pick(FIELDS)
  const text = model.mint(mark)
  const over = textsAt(desk, field, value, conflictsOf(desk, document))
  const run = (): WriteResult => collection.update(document, { [field]: text })
  return { what: `update ${field} of`, document, texts: [text], over, isDelete: false, run }
}

function updateNested(desk: Desk, document: string, value: DeepReadonly<Doc>): Intent {
  const { collection, model, mark } = desk
  const city = model.mint(mark)
  const street = placeOf(value)?.street
  // Objects that are listed at the place as a whole stay listed, unless the whole document is written. A text beside one
  // does unless all who wrote into it had seen that.
  const seen = isOneUnit(desk.strategy)
    ? without(textsOf(desk, document), textsIn({ ...value, place: street }))
    : [placeOf(value) ? value.place?.city : value.place, conflictsAt(desk, document, ['place', 'city'])]
  const over = textsIn(seen)
  const around = without(textsIn(conflictsAt(desk, document, ['place'])), over)
  const run = (): WriteResult => collection.update(document, { place: { city } })
  return { what: 'update place.city of', document, texts: [city], over, around, isDelete: false, run }
}

/** Whoever settles a conflict may have put a text in its place. */
const placeOf = ({ place }: DeepReadonly<Doc>): DeepReadonly<Doc>['place'] =>
  typeof place === 'object' ? place : undefined

const conflictsAt = (desk: Desk, document: string, at: readonly string[]): readonly OpenConflict[] =>
  desk.strategy === 'manual' ? [] : conflictsOf(desk, document).filter(({ path }) => path.join('/') === at.join('/'))

function draft(desk: Desk, document: string, value: DeepReadonly<Doc>): Intent {
  const { collection, model, mark } = desk
  const text = model.mint(mark)
  const over = textsAt(desk, 'tags', value, conflictsOf(desk, document))
  // Lists are one value: what is in this one is written again.
  const kept = textsIn(value.tags)
  const run = (): WriteResult =>
    collection.update(document, (document_) => {
      const open = document_ as { tags?: string | string[] }
      // Whoever settles a conflict may have put a text in place of the list.
      open.tags = [open.tags ?? [], text].flat()
    })
  return {
    what: 'edit a draft of',
    document,
    texts: [text],
    over: without(over, kept),
    again: kept,
    isDelete: false,
    run,
  }
}

/** What somebody writes over who saves a field of what was open in a form. */
export const formOverwrites = (desk: Desk, { value, conflicts }: Form, field: string): readonly string[] =>
  textsAt(desk, field, value, conflicts)

/** Saves what was open in a form, with what arrived meanwhile left as it is. */
function submit(desk: Desk, { document, value, conflicts }: Form): Intent {
  const { collection, model, random, mark } = desk
  desk.forms.delete(desk.name)
  const field = random.pick(FIELDS)
  const text = model.mint(mark)
  const over = formOverwrites(desk, { document, value, conflicts }, field)
  const run = (): WriteResult => collection.set(document, { ...value, [field]: text }, { read: value })
  return { what: `save a form with ${field} of`, document, texts: [text], over, isDelete: false, run }
}

/** A conflict, and all that is listed below its place. */
export const conflictsWithin = (desk: Desk, { id, path }: OpenConflict): readonly OpenConflict[] =>
  conflictsOf(desk, id).filter((other) => path.every((key, index) => other.path[index] === key))

/** What is settled at a place settles all that is listed below it. */
export const seenOf = (desk: Desk, conflict: OpenConflict): readonly string[] =>
  conflict.path.length === 0 ? textsOf(desk, conflict.id) : textsIn([conflict.values, conflictsWithin(desk, conflict)])

function settle(desk: Desk, conflict: OpenConflict): Intent {
  const { collection, model, random, mark } = desk
  const { id: document, path, values } = conflict
  const isWhole = path.length === 0
  const below = conflictsWithin(desk, conflict)
  const seen = seenOf(desk, conflict)
  const choice = random.below(6)
  // What is listed further within has to be settled first.
  if (choice === 0 && below.length === 1) {
    const run = (): WriteResult => collection.resolve(document, { path, keepBoth: true })
    return { what: 'keep both of', document, texts: [], over: [], again: textsIn(values), isDelete: false, run }
  }
  if (choice === 1) {
    const text = model.mint(mark)
    const value = isWhole ? { title: text } : text
    const run = (): WriteResult => collection.resolve(document, { path, value })
    return { what: 'settle with a new value', document, texts: [text], over: seen, isDelete: false, run }
  }
  const winner = random.pick(values)
  const isDelete = isWhole && winner.value === undefined
  const again = textsIn(winner.value)
  const over = isDelete ? allOf(desk, document) : without(isWhole ? textsIn(values) : seen, again)
  const run = (): WriteResult => collection.resolve(document, { path, pick: formatDot(winner.dot) })
  return { what: `settle ${path.join('.') || 'all'} of`, document, texts: [], over, again, isDelete, run }
}
