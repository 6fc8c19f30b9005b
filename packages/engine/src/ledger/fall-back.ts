import { type Operation, type PushEntry, isVoid, nextTimestamp } from '@whisker/protocol'
import type { LocalDocument } from './document.ts'
import type { Ledger } from './ledger.ts'

/**
 * Takes new times for everything pending, above every time that was confirmed or received: what a device
 * whose clock ran ahead does once the server has told it the time. The dots stay.
 */
export function fallBack(ledger: Ledger, nowMs: number): void {
  const fallbacks = ledger.link.fallbacks + 1
  ledger.setLink({ usesOffset: true, fallbacks })
  const wallMs = nowMs + ledger.link.clockOffsetMs
  let clock = ledger.link.received
  ledger.outbox.seenTime = 0
  const documents = new Map<LocalDocument, Map<PushEntry, Operation>>()
  for (const item of ledger.outbox.items()) {
    if (isVoid(item.entry)) continue
    clock = nextTimestamp(clock, wallMs)
    const operation: Operation = { ...item.entry, time: clock }
    const document = ledger.obtain(item.entry.collection, item.entry.document)
    const replaced = documents.get(document) ?? new Map<PushEntry, Operation>()
    documents.set(document, replaced.set(item.entry, operation))
    ledger.setItem({ ...item, entry: operation })
  }
  for (const [document, replaced] of documents) {
    ledger.setPending(
      document,
      document.pending.map((operation) => replaced.get(operation) ?? operation),
      'remote',
    )
  }
}
