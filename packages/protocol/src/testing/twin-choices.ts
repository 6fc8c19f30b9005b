import { deltaBetween } from '../delta.ts'
import { type DocumentState, nameOf } from '../document-state.ts'
import type { JsonValue } from '../json.ts'
import { type Delta, type Operation, isDelete, isPrefix } from '../operation.ts'
import { type Strategy, unitOf } from '../strategy.ts'
import type { DocumentView } from '../view.ts'
import { type Chance, randomEdit, randomObject } from './random.ts'
import { content } from './writing.ts'

export type Draft = Pick<Operation, 'type' | 'delta' | 'keep' | 'drop'>

/** What to write, without the names that it keeps or drops. */
export interface Choice {
  readonly type: Operation['type']
  readonly delta: Delta
  /** Whether what the view calls standing at or around the places written stays, or all of it, or nothing. */
  readonly keeps: 'all' | 'near' | 'none'
  readonly copy?: number
  readonly dropsDeletes?: boolean
}

const root = (value: JsonValue | undefined): Delta => [content([], value)]

/** What an app could do with what it sees. */
export function choose(random: Chance, strategy: Strategy, view: DocumentView): Choice {
  const keeps = strategy === 'keep_both' ? 'all' : strategy === 'manual' ? 'near' : 'none'
  const dice = random.fraction()
  if (view.copies.length > 0 && dice < 0.15) {
    return { type: 'update', delta: [], keeps: 'none', copy: random.below(view.copies.length) }
  }
  if (view.conflicts.length > 0 && dice < 0.2) {
    const { path, values } = random.pick(view.conflicts)
    const { value, shown } = random.pick(values)
    if (path.length === 0 && shown && value !== undefined && unitOf(strategy) === 'field') {
      return { type: 'update', delta: [], keeps: 'none', dropsDeletes: true }
    }
    const type = path.length === 0 && value === undefined ? 'delete' : 'update'
    return { type, delta: [content(path, value)], keeps: 'none' }
  }
  if (view.value === undefined) return { type: 'create', delta: root({ a: 1, ...randomObject(random) }), keeps }
  if (dice < 0.35) return { type: 'delete', delta: root(undefined), keeps: keeps === 'all' ? 'all' : 'none' }
  if (dice < 0.45) {
    const delta = deltaBetween(view.metadata, randomEdit(random, view.metadata), 'metadata')
    return { type: 'metadata_update', delta, keeps: 'none' }
  }
  const value = randomEdit(random, view.value)
  const delta = unitOf(strategy) === 'document' ? root(value) : deltaBetween(view.value, value)
  return { type: 'update', delta, keeps }
}

/** The choice of an app that sees `view`, with the names that it has there. */
export function draftOf(
  { type, delta, keeps, copy, dropsDeletes }: Choice,
  view: DocumentView,
  state: DocumentState,
): Draft {
  const near = view.standing.filter(({ path }) =>
    delta.some((write) => isPrefix(write.path, path) || isPrefix(path, write.path)),
  )
  const kept = keeps === 'all' ? view.standing : keeps === 'near' ? near : []
  const dropped = copy === undefined ? [] : (view.copies[copy]?.writes ?? [])
  const deletes = dropsDeletes ? state.writes.filter(isDelete).map(nameOf) : []
  return { type, delta, keep: kept.flatMap(({ writes }) => writes), drop: [...dropped, ...deletes] }
}
