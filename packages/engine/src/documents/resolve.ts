import {
  type Conflict,
  type ConflictValue,
  type Dot,
  type JsonObject,
  type JsonValue,
  type Operation,
  type Path,
  SyncError,
  applyDelta,
  copyId,
  formatDot,
  isDelete,
  isJsonObject,
  isPrefix,
  nameOf,
  samePath,
  toJson,
  unitOf,
} from '@whisker/protocol'
import type { LocalDocument } from '../ledger/document.ts'
import { type Shown, type ShownCollection, valueOf } from './shown.ts'
import type { Writer } from './writer.ts'

/** How a conflict ends: with one of its values, with a new one, or with a document for each value. */
export type Resolution = { readonly path?: Path | undefined } & (
  | { readonly pick: Dot | string; readonly value?: never; readonly keepBoth?: never }
  | { readonly value: JsonValue | undefined; readonly pick?: never; readonly keepBoth?: never }
  | { readonly keepBoth: true; readonly pick?: never; readonly value?: never }
)

export interface Resolving {
  readonly shown: ShownCollection
  readonly writer: Writer
  readonly document: LocalDocument
  /** A new document id. */
  readonly mintId: () => string
}

export function resolveConflict(resolving: Resolving, resolution: Resolution): readonly Operation[] {
  checkResolution(resolution)
  const { shown, document } = resolving
  const conflict = findConflict(shown.viewOf(document).conflicts, resolution.path, document.id)
  if (resolution.pick !== undefined) return [settle(resolving, conflict, pickFrom(conflict, resolution.pick))]
  if (resolution.keepBoth) return keepBoth(resolving, conflict)
  const value = resolution.value === undefined ? undefined : toJson(resolution.value)
  return [settle(resolving, conflict, { value })]
}

/** A word too many, too few or empty must not read as "remove the value". */
function checkResolution(resolution: unknown): void {
  const given = (typeof resolution === 'object' && resolution !== null ? resolution : {}) as Record<string, unknown>
  const [way, ...others] = Object.keys(given).filter((key) => key !== 'path')
  const { path, pick } = given
  const isPath = path === undefined || (Array.isArray(path) && path.every((key) => typeof key === 'string'))
  const isWay =
    way === 'value' ||
    (way === 'keepBoth' && given['keepBoth'] === true) ||
    (way === 'pick' && (typeof pick === 'string' || (typeof pick === 'object' && pick !== null)))
  if (isWay && isPath && others.length === 0) return
  throw new SyncError('invalid_options', `This is no resolution: ${JSON.stringify(resolution) ?? 'undefined'}.`, {
    fix: 'Pass { pick }, { value } or { keepBoth: true }, with path (a list of keys) where several conflicts are open.',
  })
}

function findConflict(conflicts: readonly Conflict[], path: Path | undefined, id: string): Conflict {
  const found = path === undefined ? conflicts : conflicts.filter((conflict) => samePath(conflict.path, path))
  if (found.length === 1) return found[0] as Conflict
  const places = conflicts.map((conflict) => JSON.stringify(conflict.path)).join(', ')
  if (found.length > 1) {
    throw new SyncError('ambiguous_conflict', `"${id}" has several open conflicts: ${places}.`, {
      fix: 'Say which one with path.',
      details: { paths: conflicts.map((conflict) => conflict.path) },
    })
  }
  throw new SyncError(
    'conflict_not_found',
    `"${id}" has no open conflict${path ? ` at ${JSON.stringify(path)}` : ''}.`,
    {
      fix: places ? `Its conflicts are at ${places}.` : 'Somebody may have resolved it already.',
    },
  )
}

function pickFrom(conflict: Conflict, picked: Dot | string): ConflictValue {
  const pick = typeof picked === 'string' ? picked : formatDot(picked)
  const value = conflict.values.find((one) => formatDot(one.dot) === pick)
  if (value) return value
  throw new SyncError('conflict_not_found', `${JSON.stringify(pick)} is none of the conflict's values.`, {
    fix: `Pick one of ${conflict.values.map((one) => formatDot(one.dot)).join(', ')}.`,
  })
}

function settle(
  { shown, writer, document }: Resolving,
  { path }: Conflict,
  chosen: { readonly value: JsonValue | undefined; readonly shown?: boolean },
): Operation {
  if (path.length > 0) return writer.settle(document, { root: 'content', path, value: chosen.value })
  if (chosen.value === undefined) return writer.remove(document)
  if (!isJsonObject(chosen.value)) {
    throw new SyncError('invalid_value', 'A document is an object.', { details: { path: [] } })
  }
  // A delete against edits, field by field: the edits stand once the delete is out of the way.
  if (unitOf(shown.strategy) === 'field' && chosen.shown) {
    return writer.drop(document, document.state.writes.filter(isDelete).map(nameOf))
  }
  return writer.settle(document, { root: 'content', path, value: chosen.value })
}

/** The value shown stays where it is; each other one becomes a document of its own. */
function keepBoth(resolving: Resolving, conflict: Conflict): readonly Operation[] {
  const { shown, writer, document, mintId } = resolving
  refuseNested(shown.viewOf(document).conflicts, conflict, document.id)
  const current = shown.documents.get(document.id)
  const whole: JsonObject = current ? valueOf(current) : {}
  const operations: Operation[] = []
  for (const other of conflict.values) {
    if (other.shown || other.value === undefined) continue
    const derived = copyId(document.id, other.dot)
    const isFree = !shown.documents.has(derived) && !operations.some((operation) => operation.document === derived)
    const value = applyDelta(whole, [{ root: 'content', path: conflict.path, value: other.value }])
    operations.push(writer.create(isFree ? derived : mintId(), value))
  }
  const kept = conflict.values.find((one) => one.shown)
  return [...operations, settle(resolving, conflict, kept ?? { value: undefined })]
}

/** What is listed below the place would be covered by the value that stays, and be in none of the documents. */
function refuseNested(conflicts: readonly Conflict[], { path }: Conflict, id: string): void {
  const below = conflicts.filter((one) => one.path.length > path.length && isPrefix(path, one.path))
  if (below.length === 0) return
  const places = below.map((one) => JSON.stringify(one.path)).join(', ')
  throw new SyncError('ambiguous_conflict', `"${id}" has open conflicts within ${JSON.stringify(path)}: ${places}.`, {
    fix: 'Resolve those first, then keep both of this one.',
    details: { paths: below.map((one) => one.path) },
  })
}

/** The document whose conflict is meant: a copy has none of its own. */
export function conflictSource(
  shown: ShownCollection,
  found: Shown | undefined,
  deleted: LocalDocument | undefined,
  id: string,
): LocalDocument {
  const source = found && !found.copy ? found.source : deleted
  if (source) return source
  throw new SyncError('document_not_found', `${shown.name} has no document ${JSON.stringify(id)}.`)
}
