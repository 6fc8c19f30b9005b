import {
  type Dot,
  type Operation,
  type ReplicaId,
  type VersionVector,
  type Write,
  type WriteName,
  counterOf,
  isVoid,
  mergeVersions,
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
      keep: one.keep.map((name) => renameWrite(name, document, rename)),
      drop: one.drop.map((name) => renameWrite(name, document, rename)),
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

function renameWrite(name: WriteName, document: LocalDocument, { from, to, names }: Rename): WriteName {
  const counter = name.dot.replica === from ? names.get(keyOf(document))?.get(name.dot.counter) : undefined
  return counter === undefined ? name : { ...name, dot: { replica: to, counter } }
}

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

/** It may have left the outbox since, for the server. */
function nameNow(ledger: Ledger, position: number, operation: Operation): Dot | undefined {
  const now = ledger.outbox.get(position)
  if (now) return isVoid(now.entry) ? undefined : now.entry.dot
  const { collection, document, time, delta } = operation
  const isSame = (write: Write): boolean =>
    write.time === time && delta.some(({ root, path }) => root === write.root && samePath(path, write.path))
  return ledger.find(collection, document)?.confirmed.writes.find(isSame)?.dot
}
