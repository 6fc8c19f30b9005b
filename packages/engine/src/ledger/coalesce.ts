import { type FieldWrite, type Operation, killsOf, mergeVersions } from '@whisker/protocol'
import { type LocalDocument, isEmpty } from './document.ts'
import type { Ledger } from './ledger.ts'
import type { OutboxItem } from './outbox.ts'
import { Outcome } from './outcome.ts'
import { bytesOf } from './stored.ts'

/**
 * Lets go of field writes that nobody will ever see: those of pending operations that no transport was
 * given and that one of the `fresh` ones supersedes. An operation left with nothing to say becomes a
 * void. What the documents show stays as it is.
 */
export function coalesce(ledger: Ledger, fresh: readonly Operation[]): void {
  const documents = new Set(fresh.map((operation) => ledger.obtain(operation.collection, operation.document)))
  for (const document of documents) if (document.pending.length > 1) coalesceDocument(ledger, document, fresh)
}

function coalesceDocument(ledger: Ledger, document: LocalDocument, fresh: readonly Operation[]): void {
  const isFresh = new Set(fresh)
  const operations = [...document.pending]
  const items = operations.map((operation) => ledger.outbox.itemOf(operation))
  let changed = false
  let open: number[] = []
  for (let late = 0; late < operations.length; late++) {
    if (!ledger.mayShrink(items[late])) continue
    const written = document.pending[late] as Operation
    // What leaves writes standing must go on naming them.
    if (isFresh.has(written) && written.keep.length === 0) {
      const kills = killsOf(written)
      for (const early of open) {
        const [older, newer] = [operations[early] as Operation, operations[late] as Operation]
        const delta = older.delta.filter((write) => isBeginning(older, write) || !kills({ ...write, dot: older.dot }))
        if (delta.length === older.delta.length) continue
        changed = true
        const rest: Operation = { ...older, delta }
        operations[early] = rest
        if (isEmpty(rest)) items[early]?.outcome.follow((items[late] as OutboxItem).outcome)
        // The older one's base may name writes that it alone has superseded.
        operations[late] = { ...newer, base: mergeVersions(newer.base, older.base) }
      }
      open = open.filter((early) => !isEmpty(operations[early] as Operation))
    }
    open.push(late)
  }
  if (!changed) return
  operations.forEach((operation, index) => {
    const item = items[index] as OutboxItem
    if (operation === item.entry) return
    const { replica, counter } = operation.dot
    const entry = isEmpty(operation) ? { replica, from: counter, to: counter } : operation
    const outcome = isEmpty(operation) ? new Outcome() : item.outcome
    const isStored = item.position <= ledger.outbox.storedPosition
    if (isEmpty(operation) && isStored) ledger.unstored.overtaken.set(item.position, item.outcome)
    ledger.setItem({ ...item, entry, bytes: bytesOf(entry), outcome })
  })
  document.pending = operations.filter((operation) => !isEmpty(operation))
}

/** The server knows a document by its create, which therefore stays. */
const isBeginning = (operation: Operation, write: FieldWrite): boolean =>
  operation.type === 'create' && write.root === 'content'
