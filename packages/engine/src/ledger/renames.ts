import {
  type Dot,
  type Operation,
  type ReplicaId,
  type VersionVector,
  type Write,
  type WriteName,
  counterOf,
  isVoid,
  jsonEqual,
  mergeVersions,
  sameDot,
  samePath,
  withoutReplica,
} from '@whisker/protocol'
import type { LocalDocument } from './document.ts'
import { type Ledger, keyOf } from './ledger.ts'
import type { OutboxItem } from './outbox.ts'
import type { Rename } from './rename.ts'

type Names = Pick<Operation, 'base' | 'keep' | 'drop'>

/** What an operation says of others, in the names that they have now. */
export const renameIn = (names: Names, document: LocalDocument, renames: readonly Rename[]): Names =>
  renames.reduce(
    (one, rename) => ({
      base: renameBase(one.base, document, rename),
      keep: renameWrites(one.keep, document, rename),
      drop: renameWrites(one.drop, document, rename),
    }),
    names,
  )

/** Of an old id stays what the server confirmed; what was still pending goes by its new names. */
function renameBase(base: VersionVector, document: LocalDocument, { from, to, names }: Rename): VersionVector {
  const seen = counterOf(base, from)
  if (seen === 0) return base
  let own = 0
  for (const [before, after] of names.get(keyOf(document)) ?? []) if (before <= seen) own = Math.max(own, after)
  const confirmed = Math.min(seen, counterOf(document.confirmed.version, from))
  const kept: readonly Dot[] = confirmed > 0 ? [{ replica: from, counter: confirmed }] : []
  const others = mergeVersions(withoutReplica(base, from), kept)
  return own > 0 ? mergeVersions(others, [{ replica: to, counter: own }]) : others
}

/** What the server has by its old name as well goes by both. */
function renameWrites(names: readonly WriteName[], document: LocalDocument, rename: Rename): readonly WriteName[] {
  const { from, to, names: counters } = rename
  const isKnown = (dot: Dot): boolean => document.confirmed.writes.some((write) => sameDot(write.dot, dot))
  const all = names.flatMap((name) => {
    const counter = name.dot.replica === from ? counters.get(keyOf(document))?.get(name.dot.counter) : undefined
    if (counter === undefined) return [name]
    const renamed = { ...name, dot: { replica: to, counter } }
    return isKnown(name.dot) ? [name, renamed] : [renamed]
  })
  return all.filter((name, index) => !all.slice(0, index).some((other) => sameName(other, name)))
}

const sameName = (a: WriteName, b: WriteName): boolean =>
  a.root === b.root && sameDot(a.dot, b.dot) && samePath(a.path, b.path)

/** Collects new names, document by document, while they are given. */
export class RenameList {
  readonly #byIds: Map<string, Rename & { readonly names: Map<string, Map<number, number>> }> = new Map()

  /** A replica goes by another id from now on, whatever is renamed of it. */
  begin(from: ReplicaId, to: ReplicaId): Map<string, Map<number, number>> {
    const ids = `${from} ${to}`
    const rename = this.#byIds.get(ids) ?? { from, to, names: new Map() }
    this.#byIds.set(ids, rename)
    return rename.names
  }

  add(document: Pick<LocalDocument, 'collection' | 'id'>, from: Dot, to: Dot): void {
    const byDocument = this.begin(from.replica, to.replica)
    const names = byDocument.get(keyOf(document)) ?? new Map<number, number>()
    byDocument.set(keyOf(document), names.set(from.counter, to.counter))
  }

  get list(): readonly Rename[] {
    return [...this.#byIds.values()]
  }
}

/** The new names that operations of the outbox were given by another opening: each keeps its place, and its time. */
export function renamesSince(ledger: Ledger, before: ReadonlyMap<number, OutboxItem | undefined>): RenameList {
  const renames = new RenameList()
  for (const [position, item] of before) {
    if (!item || isVoid(item.entry)) continue
    const { collection, document: id, dot } = item.entry
    const name = nameNow(ledger, position, item.entry)
    if (name && name.replica !== dot.replica) renames.add({ collection, id }, dot, name)
  }
  return renames
}

/** It may have left the outbox since, for the server. Others may have written at the very same time. */
function nameNow(ledger: Ledger, position: number, operation: Operation): Dot | undefined {
  const now = ledger.outbox.get(position)
  if (now) return isVoid(now.entry) ? undefined : now.entry.dot
  const { collection, document, dot, time, delta } = operation
  const writes = ledger.find(collection, document)?.confirmed.writes ?? []
  if (writes.some((write) => sameDot(write.dot, dot))) return dot
  const isSame = (write: Write): boolean =>
    write.time === time &&
    delta.some(
      ({ root, path, value }) => root === write.root && samePath(path, write.path) && jsonEqual(value, write.value),
    )
  return writes.find(isSame)?.dot
}
