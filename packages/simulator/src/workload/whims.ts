import type { OpenConflict, WriteResult } from '@whisker/engine'
import { copyId } from '@whisker/protocol'
import { textsIn } from '../checks/model.ts'
import { type Desk, type Intent, conflictsWithin, formOverwrites, seenOf } from './writing.ts'

/** What few people ever do: the ways to write that the others do not take. */
export function nextWhim(desk: Desk): Intent | undefined {
  return desk.rare.pick(WHIMS)(desk)
}

const WHIMS: readonly ((desk: Desk) => Intent | undefined)[] = [add, updateForm, pickDot, removeAt, meetCopy]

function add({ collection, model, mark }: Desk): Intent {
  const title = model.mint(mark)
  const run = (): WriteResult<string> => collection.add({ title })
  return { what: 'add', document: 'under a new id', texts: [title], over: [], isDelete: false, run }
}

/** Saves a field of what was open in a form, and leaves the form open. */
function updateForm(desk: Desk): Intent | undefined {
  const { collection, model, mark, forms, name } = desk
  const form = forms.get(name)
  if (!form || !collection.has(form.document)) return undefined
  const { document, value } = form
  const over = formOverwrites(desk, form, 'body')
  const body = model.mint(mark)
  const run = (): WriteResult => collection.update(document, { body }, { read: value })
  return { what: 'update body in a form of', document, texts: [body], over, isDelete: false, run }
}

const someConflict = ({ collection, rare }: Desk): OpenConflict | undefined => {
  const conflicts = collection.conflicts()
  return conflicts.length > 0 ? rare.pick(conflicts) : undefined
}

/** A dot may be given as it was listed, and not only as a text. */
function pickDot(desk: Desk): Intent | undefined {
  const { collection, rare } = desk
  const conflict = someConflict(desk)
  if (!conflict || conflict.path.length === 0) return undefined
  const { id: document, path, values } = conflict
  const winner = rare.pick(values)
  const kept = textsIn(winner.value)
  const over = seenOf(desk, conflict).filter((text) => !kept.includes(text))
  const run = (): WriteResult => collection.resolve(document, { path, pick: winner.dot })
  return { what: 'settle by a dot a place of', document, texts: [], over, again: kept, isDelete: false, run }
}

/** Nothing at all may end a conflict, too. */
function removeAt(desk: Desk): Intent | undefined {
  const { collection } = desk
  const conflict = someConflict(desk)
  if (!conflict || conflict.path.length === 0) return undefined
  const { id: document, path } = conflict
  const run = (): WriteResult => collection.resolve(document, { path, value: undefined })
  return { what: 'settle with nothing', document, texts: [], over: seenOf(desk, conflict), isDelete: false, run }
}

/** Keeps both, with the id taken that the copy would have. */
function meetCopy(desk: Desk): Intent | undefined {
  const { collection, model } = desk
  const conflict = someConflict(desk)
  const other = conflict?.values.find(({ shown, value }) => !shown && value !== undefined)
  // What is listed further within has to be settled first.
  if (!conflict || !other || conflictsWithin(desk, conflict).length > 1) return undefined
  const { id: document, path } = conflict
  const taken = copyId(document, other.dot)
  const isFree = !collection.has(taken)
  // The server takes it: else it would refuse the one and take the other.
  const title = model.mint()
  const run = (): WriteResult => {
    // They are one transaction here: what becomes of one becomes of the other.
    if (isFree) collection.create(taken, { title }).catch(() => {})
    return collection.resolve(document, { path, keepBoth: true })
  }
  const what = 'keep both, whose id is taken, of'
  const again = textsIn(conflict.values)
  return { what, document, texts: isFree ? [title] : [], over: [], again, isDelete: false, run }
}
