import {
  EMPTY_STATE,
  type Answer,
  type DocumentState,
  type Dot,
  type Epoch,
  type Operation,
  type Page,
  type PageRow,
  type Receipt,
  type RefusedOffer,
  type ReplicaId,
  type ReplicaMark,
  type Seq,
  type Strategies,
  apply,
  counterOf,
  isVoid,
  join,
  sameState,
} from '@whisker/protocol'
import { dropCopyOf } from './copies.ts'
import { type LocalDocument, refold } from './document.ts'
import type { Ledger } from './ledger.ts'
import type { OutboxItem } from './outbox.ts'
import { type Push, lastCounterOf, markAfter, replicaOf } from './push.ts'
import { mend } from './repair.ts'
import { endScan } from './scan.ts'

/** What every answer tells of the server: its epochs and its clock. `seen` never falls. */
export function adoptAnswer(ledger: Ledger, answer: Answer, seen: Seq, nowMs: number): void {
  const epochs = appendEpochs(ledger.link.epochs, answer.epochs)
  const epoch = epochs.at(-1)?.id
  const { cursor } = ledger.link
  ledger.noteLink({ clockOffsetMs: answer.timeMs - nowMs })
  if (epoch === cursor.epoch && seen <= ledger.link.seen) return
  ledger.setLink({
    epochs,
    seen: Math.max(ledger.link.seen, seen),
    // A scan that meets a new epoch starts again.
    cursor: epoch === cursor.epoch ? cursor : { epoch, since: cursor.since, after: cursor.since },
  })
}

/** The answer's list begins at an epoch that ours holds (or is the whole one); it is empty if there is none after ours. */
function appendEpochs(known: readonly Epoch[], told: readonly Epoch[]): readonly Epoch[] {
  const [first] = told
  if (!first) return known
  const common = known.findIndex((epoch) => epoch.id === first.id)
  return common < 0 ? told : [...known.slice(0, common), ...told]
}

export function adoptStrategies(ledger: Ledger, strategies: Strategies): void {
  if (Object.keys(strategies).length === 0) return
  ledger.setLink({ strategies: { ...ledger.link.strategies, ...strategies } })
}

/** Takes in what a receipt says was taken: acknowledged operations, accepted offers, the cursor. */
export function adoptReceipt(ledger: Ledger, push: Push, receipt: Receipt, nowMs: number): void {
  adoptAnswer(ledger, receipt, receipt.to, nowMs)
  adoptStrategies(ledger, receipt.strategies)
  const taken = new Map(receipt.acknowledged.map(({ replica, counter }) => [replica, counter]))
  // Whatever a receipt says, what was not in the push stays in the outbox.
  const items = push.items.filter(({ entry }) => lastCounterOf(entry) <= (taken.get(replicaOf(entry)) ?? 0))
  acknowledge(ledger, items, receipt.to)
  if (receipt.problem === undefined) acceptOffers(ledger, push, receipt)
  const { cursor } = ledger.link
  if (receipt.from !== undefined && cursor.since === receipt.from && cursor.after === receipt.from) {
    ledger.setLink({ cursor: { ...cursor, since: receipt.to, after: receipt.to } })
  }
}

/** Moves operations from the outbox into the confirmed documents. */
function acknowledge(ledger: Ledger, items: readonly OutboxItem[], seq: Seq): void {
  const marks = { ...ledger.link.acknowledged }
  const done = new Map<LocalDocument, Set<Operation>>()
  let received = ledger.link.received
  for (const { position, entry, outcome } of items) {
    const replica = replicaOf(entry)
    marks[replica] = markAfter(marks[replica] ?? ledger.acknowledgedOf(replica), entry)
    ledger.removeItem(position)
    ledger.unstored.acknowledged.push(outcome)
    if (isVoid(entry)) continue
    received = Math.max(received, entry.time)
    const document = ledger.obtain(entry.collection, entry.document)
    if (document.confirmed === EMPTY_STATE) document.scan = ledger.link.scan
    // What stands on a row that was lost here would look like the whole. The digest tells, and the whole is fetched.
    const isLost = document.confirmed === EMPTY_STATE && entry.type !== 'create' && entry.base.length > 0
    if (!isLost) document.confirmed = apply(document.confirmed, entry)
    document.seq = Math.max(document.seq, seq)
    ledger.markUnstored(document)
    const operations = done.get(document)
    if (operations) operations.add(entry)
    else done.set(document, new Set([entry]))
    ledger.count({ operationsSent: 1 })
  }
  for (const [document, operations] of done) {
    document.pending = document.pending.filter((operation) => !operations.has(operation))
    refold(document)
    ledger.touch(document, 'remote')
    dropCopyOf(ledger, document)
  }
  if (items.length > 0) ledger.setLink({ acknowledged: marks, received })
}

/**
 * Confirms what the server says it has of some replicas, as far as it is what this store made: up to an equal check
 * value, and up to the first in the outbox that the server does not have, on which the later ones may stand.
 */
export function acknowledgePrefixes(ledger: Ledger, lasts: readonly ReplicaLast[], seq: Seq): void {
  const known = new Set(lasts.flatMap((last) => prefixUpTo(ledger, last)))
  const items = [...ledger.outbox.items()]
  const end = items.findIndex((item) => !known.has(item))
  acknowledge(ledger, end < 0 ? items : items.slice(0, end), seq)
}

type ReplicaLast = ReplicaMark & { readonly replica: ReplicaId }

function prefixUpTo(ledger: Ledger, last: ReplicaLast): readonly OutboxItem[] {
  let mark = ledger.acknowledgedOf(last.replica)
  const items: OutboxItem[] = []
  for (const item of ledger.outbox.items()) {
    if (mark.counter >= last.counter) break
    if (replicaOf(item.entry) !== last.replica) continue
    mark = markAfter(mark, item.entry)
    items.push(item)
  }
  return mark.counter === last.counter && mark.check === last.check ? items : []
}

function acceptOffers(ledger: Ledger, push: Push, receipt: Receipt): void {
  const isRefused = (document: LocalDocument): RefusedOffer | undefined =>
    receipt.refusedOffers.find((one) => one.collection === document.collection && one.document === document.id)
  for (const document of push.offered) {
    if (isRefused(document)) continue
    document.scan = ledger.link.scan
    document.seq = Math.max(document.seq, receipt.to)
    ledger.setOffered(document, false)
  }
}

/** Whether a page shows more of a replica of this store than is known to be acknowledged: it must settle first. */
export function showsUnsettled(ledger: Ledger, page: Page): boolean {
  const known = [...ledger.slots.values()].map(({ replica }) => ({
    replica,
    counter: ledger.acknowledgedOf(replica).counter,
  }))
  const isNew = (dot: Dot): boolean =>
    known.some(({ replica, counter }) => replica === dot.replica && dot.counter > counter)
  const showsMore = ({ version }: DocumentState): boolean =>
    known.some(({ replica, counter }) => counterOf(version, replica) > counter)
  return page.rows.some(
    ({ state, operations }) => (state && showsMore(state)) || operations.some((operation) => isNew(operation.dot)),
  )
}

/** Takes in a page: its documents into the confirmed layer, and the cursor. */
export function adoptPage(ledger: Ledger, page: Page, nowMs: number): void {
  const { since } = ledger.link.cursor
  for (const row of page.rows) adoptRow(ledger, row)
  adoptAnswer(ledger, page, page.after, nowMs)
  adoptStrategies(ledger, page.strategies)
  const { cursor } = ledger.link
  if (page.since > since || page.after !== cursor.after) {
    ledger.setLink({ cursor: { ...cursor, since: Math.max(since, page.since), after: page.after } })
  }
  if (page.more) return
  endScan(ledger, page.collected)
  noteAtHead(ledger, nowMs)
}

/** All that the server had is here. */
export function noteAtHead(ledger: Ledger, nowMs: number): void {
  const { lastSyncAt, wantsOwn } = ledger.link
  ledger.noteLink({ lastSyncAt: nowMs })
  if (lastSyncAt === undefined || wantsOwn) ledger.setLink({ wantsOwn: false })
}

function adoptRow(ledger: Ledger, row: PageRow): void {
  const document = ledger.obtain(row.collection, row.document)
  const known = stateIn(document, row)
  // A tail alone is for who holds the state: here, the row was lost.
  const isLost = !row.state && known === EMPTY_STATE
  const confirmed = isLost ? known : mend(ledger, document, row.operations.reduce(apply, known))
  let highest = 0
  for (const write of confirmed.writes) highest = Math.max(highest, write.time)
  ledger.receive(highest)
  document.seq = Math.max(document.seq, row.seq)
  document.scan = ledger.link.scan
  ledger.markUnstored(document)
  if (confirmed === document.confirmed) return
  ledger.count({ operationsReceived: Math.max(1, row.operations.length) })
  document.confirmed = confirmed
  refold(document)
  ledger.touch(document, 'remote')
}

/**
 * The server's state holds all that was confirmed here, less what it has collected since: it replaces ours, and does
 * not bring a tombstone back. Unless the server lost what we are about to offer.
 */
function stateIn({ confirmed, offered }: LocalDocument, { state }: PageRow): DocumentState {
  if (!state || sameState(state, confirmed)) return confirmed
  return offered ? join(confirmed, state) : state
}
