import {
  EMPTY_STATE,
  type Operation,
  type StoreRows,
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
import { Ledger, type LedgerOptions } from './ledger.ts'
import type { OutboxItem } from './outbox.ts'
import { Outcome } from './outcome.ts'
import { type LastRound, type Lead, type Link, NEW_LINK, NO_STATISTICS, type Slot, type Statistics } from './records.ts'
import type { LetGo, Rejected } from './rejected.ts'
import type { Unstored } from './unstored.ts'

/*
 * What the store holds, as JSON texts:
 *   record   slot:<number> | link | lead | round | statistics | let_go   the record as it is
 *   document [seq, offered, state, scan?]   only what the server has confirmed
 *   outbox   the entry, standing alone
 *   rejected [at, code, message, operation, position?]
 */

export const bytesOf = (entry: OutboxItem['entry']): number => utf8Length(JSON.stringify(encodeStoredEntry(entry)))

/** The replica as the store holds it. */
export function readLedger(stored: StoredSpace, options: LedgerOptions): Ledger {
  const ledger = new Ledger(options)
  readRows(() => {
    for (const [name, text] of stored.records) readRecord(ledger, name, text)
    for (const [collection, id, text] of stored.documents) readDocument(ledger, ledger.obtain(collection, id), text)
    const withPending = new Set<LocalDocument>()
    for (const [position, text] of stored.outbox) {
      const item = readItem(position, text)
      ledger.outbox.put(item)
      if (isVoid(item.entry)) continue
      const document = ledger.obtain(item.entry.collection, item.entry.document)
      document.pending = [...document.pending, item.entry]
      withPending.add(document)
    }
    for (const document of withPending) refold(document)
    for (const [id, text] of stored.rejected) ledger.rejected.set(id, readRejected(id, text))
  })
  for (const { position } of ledger.slots.values())
    ledger.outbox.lastPosition = Math.max(ledger.outbox.lastPosition, position)
  ledger.outbox.storedPosition = ledger.outbox.lastPosition
  ledger.storedSlot = ledger.slots.get(options.slot)
  return ledger
}

/** Finds out whether rows are gone from the store that were there when somebody counted last. */
export function noteLostRows(ledger: Ledger, { documents }: StoredSpace): void {
  const { rows } = ledger.link
  if (rows !== undefined && documents.length < rows) ledger.setLink({ lacksRows: true })
}

/** Reads rows of the store; what cannot be read is `store_damaged`. */
export function readRows<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new SyncError('store_damaged', 'The local store holds something this version cannot read.', {
      cause,
      fix: 'Keep the file, update the app, or restore the store from a backup.',
    })
  }
}

export function readRecord(ledger: Ledger, name: string, text: string | undefined): void {
  const value: unknown = text === undefined ? undefined : JSON.parse(text)
  if (name.startsWith('slot:')) {
    const slot = Number(name.slice('slot:'.length))
    if (value === undefined) ledger.slots.delete(slot)
    else ledger.slots.set(slot, value as Slot)
  }
  if (name === 'link') ledger.link = { ...NEW_LINK, ...(value as Link) }
  if (name === 'lead') ledger.adoptLead(value as Lead)
  if (name === 'round') ledger.lastRound = value as LastRound
  if (name === 'let_go') ledger.letGo = value as readonly LetGo[]
  if (name === 'statistics') ledger.storedStatistics = { ...NO_STATISTICS, ...(value as Statistics) }
}

export function readDocument(ledger: Ledger, document: LocalDocument, text: string | undefined): void {
  const [seq, offered, state, scan = 0] =
    text === undefined ? [0, 0, undefined] : (JSON.parse(text) as [number, number, unknown, number?])
  document.confirmed = state === undefined ? EMPTY_STATE : decodeState(state, 'stored document')
  document.state = document.confirmed
  document.seq = seq
  document.offered = offered === 1
  if (document.offered) ledger.offered.add(document)
  else ledger.offered.delete(document)
  document.scan = scan
  ledger.noteConfirmed(document)
}

/** What was handed to a transport is not stored: all that comes from the store may have been. */
export const readItem = (position: number, text: string): OutboxItem => ({
  position,
  entry: decodeStoredEntry(JSON.parse(text), 'stored operation'),
  handed: true,
  bytes: utf8Length(text),
  outcome: new Outcome(),
})

export function readRejected(id: string, text: string): Rejected {
  const [at, code, message, operation, position] = JSON.parse(text) as [number, string, string, unknown, number?]
  return {
    id,
    at,
    position,
    reason: { code, message },
    operation: decodeStoredEntry(operation, 'stored rejection') as Operation,
  }
}

/** The rows that differ from the store, as they are in memory. */
export function rowsOf(ledger: Ledger, { documents, outbox, rejected, records, notes }: Unstored): StoreRows {
  return {
    records: [...new Set([...records, ...notes])].map((name) => [name, recordText(ledger, name)] as const),
    documents: [...documents].map((document) => [document.collection, document.id, documentText(document)] as const),
    outbox: [...outbox]
      .sort((a, b) => a - b)
      .map((position) => [position, entryText(ledger.outbox.get(position))] as const),
    rejected: [...rejected].map((id) => [id, rejectedText(ledger.rejected.get(id))] as const),
  }
}

function recordText(ledger: Ledger, name: string): string | undefined {
  const value = recordOf(ledger, name)
  return value === undefined ? undefined : JSON.stringify(value)
}

function recordOf(ledger: Ledger, name: string): unknown {
  if (name.startsWith('slot:')) return ledger.slots.get(Number(name.slice('slot:'.length)))
  if (name === 'link') return { ...ledger.link, rows: ledger.sums.rowsOf(ledger.allDocuments()) }
  return { lead: ledger.lead, round: ledger.lastRound, statistics: ledger.storedStatistics, let_go: ledger.letGo }[name]
}

/** A document that the server has confirmed nothing of is only its pending operations. */
const documentText = ({ confirmed, seq, offered, scan }: LocalDocument): string | undefined =>
  confirmed === EMPTY_STATE
    ? undefined
    : JSON.stringify([seq, offered ? 1 : 0, encodeState(confirmed), ...(scan > 0 ? [scan] : [])])

const entryText = (item: OutboxItem | undefined): string | undefined =>
  item && JSON.stringify(encodeStoredEntry(item.entry))

const rejectedText = (rejected: Rejected | undefined): string | undefined =>
  rejected &&
  JSON.stringify([
    rejected.at,
    rejected.reason.code,
    rejected.reason.message,
    encodeStoredEntry(rejected.operation),
    ...(rejected.position === undefined ? [] : [rejected.position]),
  ])
