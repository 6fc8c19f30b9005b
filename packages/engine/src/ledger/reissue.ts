import {
  type Dot,
  type EpochId,
  type Operation,
  type PushEntry,
  type ReplicaId,
  type VersionVector,
  type WriteName,
  counterOf,
  isVoid,
  mergeVersions,
  nextTimestamp,
  withoutReplica,
} from '@whisker/protocol'
import { type LocalDocument, refold } from './document.ts'
import { type Ledger, newSlot } from './ledger.ts'
import { bytesOf } from './stored.ts'

/**
 * Gives every pending operation a new dot under a new replica id, in order, with its time kept: what two
 * copies of one profile must do to be two, and what a new epoch asks for. The operations' own names in
 * `base`, `keep` and `drop` are renamed with them.
 */
export function reissue(ledger: Ledger, replica: ReplicaId, epoch: EpochId | undefined): void {
  const old = ledger.slot
  ledger.slot = { ...newSlot(replica, old.clock), epoch, received: old.received }
  ledger.setSlot({})
  const renamed = new Map<LocalDocument, Map<number, number>>()
  const items = [...ledger.outbox.values()]
  const documents = new Set<LocalDocument>()
  for (const { position, entry, handed, outcome } of items) {
    ledger.removeItem(position)
    if (isVoid(entry)) {
      outcome.settle()
      continue
    }
    const document = ledger.obtain(entry.collection, entry.document)
    if (!documents.has(document)) document.pending = []
    documents.add(document)
    const names = renamed.get(document) ?? new Map<number, number>()
    renamed.set(document, names)
    const counter = ledger.slot.counter + 1
    ledger.setSlot({ counter })
    const operation: Operation = {
      ...entry,
      dot: { replica, counter },
      base: renameBase(entry.base, old.replica, replica, names, counterOf(document.confirmed.version, old.replica)),
      keep: entry.keep.map((name) => renameWrite(name, old.replica, replica, names)),
      drop: entry.drop.map((name) => renameWrite(name, old.replica, replica, names)),
    }
    names.set(entry.dot.counter, counter)
    document.pending = [...document.pending, operation]
    // Some server may hold it under its old name: as it was sent, so that the two are one to every view.
    ledger.enqueue(operation, bytesOf(operation), { handed, outcome })
  }
  for (const document of documents) {
    refold(document)
    ledger.touch(document, 'local')
  }
  if (renamed.size > 0) ledger.renames.push({ from: old.replica, to: replica, names: renamed })
}

/** What somebody had seen who read a document before its pending operations were issued again. */
export function renameSeen<T extends Pick<Operation, 'base' | 'keep'>>(
  ledger: Ledger,
  document: LocalDocument,
  seen: T,
): T {
  return ledger.renames.reduce((one, { from, to, names }) => {
    const renamed = names.get(document)
    if (!renamed) return one
    const confirmed = counterOf(document.confirmed.version, from)
    const base = renameBase(one.base, from, to, renamed, confirmed)
    return { ...one, base, keep: one.keep.map((name) => renameWrite(name, from, to, renamed)) }
  }, seen)
}

function renameBase(
  base: VersionVector,
  old: ReplicaId,
  replica: ReplicaId,
  names: ReadonlyMap<number, number>,
  confirmed: number,
): VersionVector {
  const seen = counterOf(base, old)
  if (seen === 0) return base
  let own = 0
  for (const [before, after] of names) if (before <= seen) own = Math.max(own, after)
  const kept: Dot[] = []
  if (Math.min(seen, confirmed) > 0) kept.push({ replica: old, counter: Math.min(seen, confirmed) })
  const others = mergeVersions(withoutReplica(base, old), kept)
  return own > 0 ? mergeVersions(others, [{ replica, counter: own }]) : others
}

function renameWrite(
  name: WriteName,
  old: ReplicaId,
  replica: ReplicaId,
  names: ReadonlyMap<number, number>,
): WriteName {
  const counter = name.dot.replica === old ? names.get(name.dot.counter) : undefined
  return counter === undefined ? name : { ...name, dot: { replica, counter } }
}

/**
 * Takes new times for everything pending, above every time that was confirmed or received: what a device
 * whose clock ran ahead does once the server has told it the time. The dots stay.
 */
export function restamp(ledger: Ledger, nowMs: number): void {
  ledger.setLink({ usesOffset: true })
  const wallMs = nowMs + ledger.link.clockOffsetMs
  let clock = ledger.slot.received
  const documents = new Map<LocalDocument, Map<PushEntry, Operation>>()
  for (const item of ledger.outbox.values()) {
    if (isVoid(item.entry)) continue
    clock = nextTimestamp(clock, wallMs)
    const operation: Operation = { ...item.entry, time: clock }
    const document = ledger.obtain(item.entry.collection, item.entry.document)
    const replaced = documents.get(document) ?? new Map<PushEntry, Operation>()
    documents.set(document, replaced.set(item.entry, operation))
    ledger.setItem({ ...item, entry: operation })
  }
  ledger.setSlot({ clock })
  for (const [document, replaced] of documents) {
    ledger.setPending(
      document,
      document.pending.map((operation) => replaced.get(operation) ?? operation),
      'local',
    )
  }
}
