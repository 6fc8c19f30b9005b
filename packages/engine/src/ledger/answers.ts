import {
  EMPTY_STATE,
  type Answer,
  type Dot,
  type Epoch,
  type Operation,
  type Page,
  type PageRow,
  type Receipt,
  type RefusedOffer,
  type ReplicaMark,
  type Seq,
  type Strategies,
  apply,
  counterOf,
  isVoid,
  join,
} from '@whisker/protocol'
import { dropCopyOf } from './copies.ts'
import { type LocalDocument, refold } from './document.ts'
import type { Ledger } from './ledger.ts'
import { type Push, markAfter } from './push.ts'

/** What every answer tells of the server: its epochs and its clock. `seen` never falls. */
export function adoptAnswer(ledger: Ledger, answer: Answer, seen: Seq, nowMs: number): void {
  const epochs = appendEpochs(ledger.link.epochs, answer.epochs)
  const epoch = epochs.at(-1)?.id
  const { cursor } = ledger.link
  ledger.setLink({
    epochs,
    seen: Math.max(ledger.link.seen, seen),
    clockOffsetMs: answer.timeMs - nowMs,
    // A scan that meets a new epoch starts again.
    cursor: epoch === cursor.epoch ? cursor : { epoch, since: cursor.since, after: cursor.since },
  })
}

/** The answer's list begins at an epoch that ours holds (or is the whole one). */
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
  const sent = lastCounterOf(push)
  for (const { replica, counter } of receipt.acknowledged) {
    // Whatever a receipt says, what was not in the push stays in the outbox.
    if (replica === ledger.slot.replica) acknowledge(ledger, Math.min(counter, sent), receipt.to)
  }
  if (receipt.problem === undefined) acceptOffers(ledger, push, receipt)
  const { cursor } = ledger.link
  if (receipt.from !== undefined && cursor.since === receipt.from && cursor.after === receipt.from) {
    ledger.setLink({ cursor: { ...cursor, since: receipt.to, after: receipt.to } })
  }
}

function lastCounterOf({ items }: Push): number {
  const entry = items.at(-1)?.entry
  return !entry ? 0 : isVoid(entry) ? entry.to : entry.dot.counter
}

/** Moves the replica's operations up to `counter` from the outbox into the confirmed documents. */
export function acknowledge(ledger: Ledger, counter: number, seq: Seq): void {
  let mark = ledger.slot.acknowledged
  const done = new Map<LocalDocument, Set<Operation>>()
  let received = ledger.slot.received
  for (const { position, entry, outcome } of ledger.outbox.values()) {
    const last = isVoid(entry) ? entry.to : entry.dot.counter
    if (last > counter) break
    mark = markAfter(mark, entry)
    ledger.removeItem(position)
    ledger.acknowledged.push(outcome)
    if (isVoid(entry)) continue
    received = Math.max(received, entry.time)
    const document = ledger.obtain(entry.collection, entry.document)
    document.confirmed = apply(document.confirmed, entry)
    document.seq = Math.max(document.seq, seq)
    ledger.markDirty(document)
    const operations = done.get(document)
    if (operations) operations.add(entry)
    else done.set(document, new Set([entry]))
    ledger.count({ operationsSent: 1 })
  }
  for (const [document, operations] of done) {
    // Operations of one replica are confirmed in order, so what the app sees has not changed.
    document.pending = document.pending.filter((operation) => !operations.has(operation))
    if (document.pending.length === 0) document.state = document.confirmed
    ledger.touch(document, 'local')
    dropCopyOf(ledger, document)
  }
  if (mark !== ledger.slot.acknowledged) ledger.setSlot({ acknowledged: mark, received })
}

/** Confirms what the server says it has of this replica, if it is what this store made: up to an equal check value. */
export function acknowledgePrefix(ledger: Ledger, last: ReplicaMark, seq: Seq): void {
  let mark = ledger.slot.acknowledged
  for (const { entry } of ledger.outbox.values()) {
    if (mark.counter >= last.counter) break
    mark = markAfter(mark, entry)
  }
  if (mark.counter === last.counter && mark.check === last.check) acknowledge(ledger, last.counter, seq)
}

function acceptOffers(ledger: Ledger, push: Push, receipt: Receipt): void {
  const isRefused = (document: LocalDocument): RefusedOffer | undefined =>
    receipt.refusedOffers.find((one) => one.collection === document.collection && one.document === document.id)
  for (const document of push.offered) {
    if (isRefused(document)) continue
    document.offered = false
    document.seq = Math.max(document.seq, receipt.to)
    ledger.markDirty(document)
  }
}

/** Whether a page shows more of this replica than it knows to be acknowledged: it must settle first. */
export function showsUnsettled(ledger: Ledger, page: Page): boolean {
  const { replica, acknowledged } = ledger.slot
  const isNew = (dot: Dot): boolean => dot.replica === replica && dot.counter > acknowledged.counter
  return page.rows.some(
    ({ state, operations }) =>
      (state && counterOf(state.version, replica) > acknowledged.counter) ||
      operations.some((operation) => isNew(operation.dot)),
  )
}

/** Takes in a page: its documents into the confirmed layer, and the cursor. */
export function adoptPage(ledger: Ledger, page: Page, nowMs: number): void {
  const { since } = ledger.link.cursor
  for (const row of page.rows) adoptRow(ledger, row)
  adoptAnswer(ledger, page, page.after, nowMs)
  adoptStrategies(ledger, page.strategies)
  const { cursor } = ledger.link
  const moved = { ...cursor, since: Math.max(since, page.since), after: page.after }
  ledger.setLink({ cursor: moved, ...(!page.more && { lastSyncAt: nowMs, wantsOwn: false }) })
}

function adoptRow(ledger: Ledger, row: PageRow): void {
  const document = ledger.obtain(row.collection, row.document)
  const joined = row.state ? join(document.confirmed, row.state) : document.confirmed
  const confirmed = row.operations.reduce(apply, joined)
  let highest = 0
  for (const write of confirmed.writes) highest = Math.max(highest, write.time)
  ledger.receive(highest)
  document.seq = Math.max(document.seq, row.seq)
  ledger.markDirty(document)
  if (confirmed === document.confirmed) return
  ledger.count({ operationsReceived: Math.max(1, row.operations.length) })
  document.confirmed = confirmed
  refold(document)
  ledger.touch(document, 'remote')
}

/** Gives up a document's confirmed state: what the server holds of it comes with the next scan from the start. */
export function forget(ledger: Ledger, document: LocalDocument): void {
  document.confirmed = EMPTY_STATE
  document.offered = false
  document.seq = 0
  refold(document)
  ledger.markDirty(document)
  ledger.touch(document, 'remote')
  rescan(ledger)
}

export function rescan(ledger: Ledger): void {
  ledger.setLink({ wantsOwn: true, cursor: { ...ledger.link.cursor, since: 0, after: 0 } })
}
