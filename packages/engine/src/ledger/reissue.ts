import { type EpochId, type Operation, type ReplicaId, isVoid } from '@whisker/protocol'
import { type LocalDocument, refold } from './document.ts'
import type { Ledger } from './ledger.ts'
import { RenameList, renameIn } from './renames.ts'
import { bytesOf } from './stored.ts'

/**
 * Gives every pending operation of the store a new dot, in place, with its time kept: what two copies of one
 * profile must do to be two, and what a new epoch asks for. The operations' names in `base`, `keep` and `drop` are
 * renamed with them. Each writer gets a new id of its own: two that had not seen each other's operations must not
 * look as if they had.
 */
export function reissue(ledger: Ledger, epoch: EpochId | undefined): void {
  const writers = new Map<ReplicaId, { readonly replica: ReplicaId; counter: number }>()
  const renames = new RenameList()
  const writerOf = (old: ReplicaId): { readonly replica: ReplicaId; counter: number } => {
    const known = writers.get(old)
    if (known) return known
    const writer = { replica: ledger.options.mintReplica(), counter: 0 }
    writers.set(old, writer)
    renames.begin(old, writer.replica)
    return writer
  }
  const documents = new Set<LocalDocument>()
  for (const { replica } of ledger.slots.values()) writerOf(replica)
  for (const { position, entry, handed, outcome } of ledger.outbox.items()) {
    if (isVoid(entry)) {
      ledger.removeItem(position)
      outcome.settle()
      continue
    }
    const document = ledger.obtain(entry.collection, entry.document)
    if (!documents.has(document)) document.pending = []
    documents.add(document)
    const writer = writerOf(entry.dot.replica)
    const dot = { replica: writer.replica, counter: ++writer.counter }
    const operation: Operation = { ...entry, ...renameIn(entry, document, renames.list), dot }
    renames.add(document, entry.dot, dot)
    document.pending = [...document.pending, operation]
    // Some server may hold it under its old name: as it was sent, so that the two are one to every view.
    ledger.setItem({ position, entry: operation, bytes: bytesOf(operation), handed, outcome })
  }
  for (const [number, slot] of ledger.slots) {
    const { replica, counter } = writerOf(slot.replica)
    ledger.putSlot(number, { ...slot, replica, epoch, counter })
  }
  ledger.setLink({ acknowledged: {} })
  for (const document of documents) {
    refold(document)
    ledger.touch(document, 'remote')
  }
  ledger.unstored.renames.push(...ledger.addRenames(renames.list))
}
