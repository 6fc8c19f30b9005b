import {
  EMPTY_STATE,
  type Operation,
  type ReplicaId,
  type StoreCommit,
  type StoredSpace,
  SyncError,
  decodeState,
  decodeStoredEntry,
  encodeState,
  encodeStoredEntry,
  isVoid,
  utf8Length,
} from '@whisker/protocol'
import { type LocalDocument, refold } from './document.ts'
import { Ledger, type OutboxItem, type RecordName, type Rejected } from './ledger.ts'
import { Outcome } from './outcome.ts'
import type { Link, Slot, Statistics } from './records.ts'

/*
 * What the store holds, as JSON texts:
 *   record   slot | link | statistics   the record as it is
 *   document [seq, offered, state]      only what the server has confirmed
 *   outbox   the entry, standing alone
 *   rejected [at, code, message, operation]
 */

export const bytesOf = (entry: OutboxItem['entry']): number => utf8Length(JSON.stringify(encodeStoredEntry(entry)))

/** The replica as the store holds it; `replica` is taken if the store is new. */
export function readLedger(stored: StoredSpace, replica: ReplicaId, strategyOf: Ledger['strategyOf']): Ledger {
  try {
    return read(stored, new Ledger(replica, strategyOf))
  } catch (cause) {
    throw new SyncError('store_damaged', 'The local store holds something this version cannot read.', {
      cause,
      fix: 'Keep the file, update the app, or restore the store from a backup.',
    })
  }
}

function read(stored: StoredSpace, ledger: Ledger): Ledger {
  for (const [name, text] of stored.records) {
    if (name === 'slot') ledger.slot = JSON.parse(text) as Slot
    if (name === 'link') ledger.link = { ...ledger.link, ...(JSON.parse(text) as Link) }
    if (name === 'statistics') ledger.statistics = { ...ledger.statistics, ...(JSON.parse(text) as Statistics) }
  }
  if (stored.records.some(([name]) => name === 'slot')) ledger.dirty.records.clear()
  for (const [collection, id, text] of stored.documents) {
    const [seq, offered, state] = JSON.parse(text) as [number, number, unknown]
    const document = ledger.obtain(collection, id)
    document.confirmed = decodeState(state, 'stored document')
    document.state = document.confirmed
    document.seq = seq
    document.offered = offered === 1
  }
  const withPending = new Set<LocalDocument>()
  for (const [position, text] of stored.outbox) {
    const entry = decodeStoredEntry(JSON.parse(text), 'stored operation')
    ledger.putItem({ position, entry, handed: true, bytes: utf8Length(text), outcome: new Outcome() })
    ledger.lastPosition = position
    if (isVoid(entry)) continue
    const document = ledger.obtain(entry.collection, entry.document)
    document.pending = [...document.pending, entry]
    withPending.add(document)
  }
  for (const document of withPending) refold(document)
  for (const [id, text] of stored.rejected) {
    const [at, code, message, operation] = JSON.parse(text) as [number, string, string, unknown]
    ledger.rejected.set(id, {
      id,
      at,
      reason: { code, message },
      operation: decodeStoredEntry(operation, 'stored rejection') as Operation,
    })
  }
  return ledger
}

/** Everything that differs from the store, as one commit; the ledger counts as stored from here on. */
export function takeCommit(ledger: Ledger, revision: number): StoreCommit {
  const { documents, outbox, rejected, records } = ledger.dirty
  const commit: StoreCommit = {
    revision,
    records: [...records].map((name) => [name, JSON.stringify(recordOf(ledger, name))] as const),
    documents: [...documents].map((document) => [document.collection, document.id, textOf(document)] as const),
    outbox: [...outbox]
      .sort((a, b) => a - b)
      .map((position) => [position, entryText(ledger.outbox.get(position))] as const),
    rejected: [...rejected].map((id) => [id, rejectedText(ledger.rejected.get(id))] as const),
  }
  for (const set of [documents, outbox, rejected, records]) set.clear()
  return commit
}

const recordOf = (ledger: Ledger, name: RecordName): Slot | Link | Statistics => ledger[name]

/** A document that the server has confirmed nothing of is only its pending operations. */
const textOf = (document: LocalDocument): string | undefined =>
  document.confirmed === EMPTY_STATE
    ? undefined
    : JSON.stringify([document.seq, document.offered ? 1 : 0, encodeState(document.confirmed)])

const entryText = (item: OutboxItem | undefined): string | undefined =>
  item && JSON.stringify(encodeStoredEntry(item.entry))

const rejectedText = (rejected: Rejected | undefined): string | undefined =>
  rejected &&
  JSON.stringify([rejected.at, rejected.reason.code, rejected.reason.message, encodeStoredEntry(rejected.operation)])
