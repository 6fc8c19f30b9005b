import {
  type Dot,
  EMPTY_STATE,
  type Operation,
  type Reason,
  type RefusedOffer,
  SyncError,
  type Write,
  counterOf,
  covers,
  formatDot,
  isVoid,
  sameDot,
} from '@whisker/protocol'
import { forget } from './scan.ts'
import { type LocalDocument, isEmpty } from './document.ts'
import type { Ledger } from './ledger.ts'
import type { Rejected } from './rejected.ts'
import { bytesOf } from './stored.ts'

/**
 * Takes a refused operation out of the way of the others: a void takes its counter, its content goes to
 * `rejected`. Later pending operations of the document keep their own base, less what was removed; when
 * the document now has no beginning, they go with it. Returns what was put into `rejected`.
 */
export function quarantine(ledger: Ledger, dot: Dot, reason: Reason, nowMs: number): readonly Rejected[] {
  const operation = pendingOperation(ledger, dot)
  if (!operation) return []
  const document = ledger.obtain(operation.collection, operation.document)
  const remaining = document.pending.filter((other) => other !== operation)
  const orphaned = document.confirmed === EMPTY_STATE && !remaining.some((other) => other.type === 'create')
  const removed = orphaned ? [operation, ...remaining] : [operation]
  const rejected = removed.map((one): Rejected => {
    const why =
      one === operation ? reason : { code: reason.code, message: `It stands on ${formatDot(dot)}: ${reason.message}` }
    const position = ledger.outbox.itemOf(one)?.position
    return { id: formatDot(one.dot), operation: one, reason: why, at: nowMs, position }
  })
  for (const one of rejected) ledger.setRejected(one)
  for (const one of removed) makeVoid(ledger, one, reason)
  const kept = orphaned ? [] : remaining.map((other) => withoutDot(ledger, document, other, operation, remaining))
  ledger.setPending(
    document,
    kept.filter((other) => !endIfEmpty(ledger, other)),
    'remote',
  )
  return rejected
}

/** Puts an offer that the server refused into `rejected`, whole; the document becomes what the server holds. */
export function quarantineOffer(ledger: Ledger, refused: RefusedOffer, nowMs: number): readonly Rejected[] {
  const document = ledger.find(refused.collection, refused.document)
  if (!document?.offered) return []
  const rejected = document.confirmed.writes.map((write): Rejected => ({
    id: `${formatDot(write.dot)}:${write.root}:${JSON.stringify(write.path)}`,
    at: nowMs,
    reason: refused.reason,
    operation: asOperation(document, write),
    position: undefined,
  }))
  for (const one of rejected) ledger.setRejected(one)
  forget(ledger, document)
  return rejected
}

/** A live write as an operation of its own, in a form that can be stored, shown and written again. */
function asOperation(
  { collection, id }: LocalDocument,
  { dot, time, base, keep, root, path, value }: Write,
): Operation {
  const isRoot = root === 'content' && path.length === 0
  const type = root === 'metadata' ? 'metadata_update' : !isRoot ? 'update' : value === undefined ? 'delete' : 'create'
  return { type, collection, document: id, dot, time, base, delta: [{ root, path, value }], keep, drop: [] }
}

function pendingOperation(ledger: Ledger, dot: Dot): Operation | undefined {
  for (const { entry } of ledger.outbox.items()) if (!isVoid(entry) && sameDot(entry.dot, dot)) return entry
  return undefined
}

/** What only took back what was removed has nothing to say any more. */
function endIfEmpty(ledger: Ledger, operation: Operation): boolean {
  if (!isEmpty(operation)) return false
  makeVoid(ledger, operation)
  return true
}

function makeVoid(ledger: Ledger, operation: Operation, reason?: Reason): void {
  const item = ledger.outbox.itemOf(operation)
  if (!item) return
  const { replica, counter } = operation.dot
  item.outcome.settle(reason && rejection(operation, reason))
  const entry = { replica, from: counter, to: counter }
  ledger.setItem({ ...item, entry, bytes: bytesOf(entry) })
}

export const rejection = ({ collection, document, dot }: Operation, reason: Reason): SyncError =>
  new SyncError(
    'operation_rejected',
    `The server refused an operation on ${collection}/${document}: ${reason.message}`,
    {
      fix: 'It is kept, whole, in `rejected`: retry it, or discard it.',
      details: { id: formatDot(dot), reason },
    },
  )

/** The operation without the removed dot in what it says it has seen, kept or dropped. */
function withoutDot(
  ledger: Ledger,
  document: LocalDocument,
  operation: Operation,
  removed: Operation,
  remaining: readonly Operation[],
): Operation {
  const { replica } = removed.dot
  const isNamed = (name: { readonly dot: Dot }): boolean => sameDot(name.dot, removed.dot)
  const seen = counterOf(operation.base, replica)
  if (seen < removed.dot.counter && !operation.keep.some(isNamed) && !operation.drop.some(isNamed)) return operation
  const own = remaining
    .filter((other) => other.dot.replica === replica && covers(operation.base, other.dot))
    .map((other) => other.dot.counter)
  const counter = Math.max(Math.min(seen, counterOf(document.confirmed.version, replica)), 0, ...own)
  const others = operation.base.filter((dot) => dot.replica !== replica)
  const base = counter > 0 ? [...others, { replica, counter }].sort((a, b) => (a.replica < b.replica ? -1 : 1)) : others
  const changed: Operation = {
    ...operation,
    base,
    keep: operation.keep.filter((name) => !isNamed(name)),
    drop: operation.drop.filter((name) => !isNamed(name)),
  }
  const item = ledger.outbox.itemOf(operation)
  if (item) ledger.setItem({ ...item, entry: changed, bytes: bytesOf(changed) })
  return changed
}
