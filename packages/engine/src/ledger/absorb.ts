import { type Operation, type StoreChanges, type StoredSpace, apply, commonVersion, isVoid } from '@whisker/protocol'
import { type LocalDocument, refold } from './document.ts'
import { type Ledger, keyOf } from './ledger.ts'
import { letGo, refusalAt } from './let-go.ts'
import type { OutboxItem } from './outbox.ts'
import { rejection } from './quarantine.ts'
import { type Slot, slotName } from './records.ts'
import { renameIn, renamesSince } from './renames.ts'
import { bytesOf, readDocument, readItem, readLedger, readRecord, readRejected, readRows } from './stored.ts'

/*
 * Several openings of one store write to it at once, each on the revision that it knows. One that comes late takes
 * in what the others committed and goes on: the operations that it was about to commit stand, since they say what
 * their author had seen; they only move to the end of the outbox. What a leader was about to commit stands only as
 * long as nobody else touched the same rows, or took the lead.
 */

/**
 * Takes in what others committed, if what is not yet stored here can stand beside it. Otherwise returns false,
 * and has changed nothing: then `rebase` is the way.
 */
export function absorb(ledger: Ledger, changes: StoreChanges): boolean {
  if (collides(ledger, changes)) return false
  const fresh = takeFresh(ledger)
  const before = new Map(changes.outbox.map(([position]) => [position, ledger.outbox.get(position)]))
  const fallbacks = ledger.link.fallbacks
  readRows(() => {
    for (const [name, text] of changes.records) readRecord(ledger, name, text)
    const documents = new Set<LocalDocument>()
    for (const [collection, id, text] of changes.documents) {
      const document = ledger.obtain(collection, id)
      readDocument(ledger, document, text)
      documents.add(document)
    }
    for (const [position, text] of changes.outbox) {
      const document = replaceItem(ledger, position, text)
      if (document) documents.add(document)
    }
    for (const [id, text] of changes.rejected) {
      if (text === undefined) ledger.rejected.delete(id)
      else ledger.rejected.set(id, readRejected(id, text))
    }
    for (const document of documents) {
      refold(document)
      ledger.touch(document, 'remote')
    }
  })
  if (ledger.link.fallbacks !== fallbacks) ledger.outbox.resetSeenTime()
  for (const { position } of ledger.slots.values())
    ledger.outbox.lastPosition = Math.max(ledger.outbox.lastPosition, position)
  ledger.outbox.storedPosition = ledger.outbox.lastPosition
  if (changes.records.some(([name]) => name === slotName(ledger.slotNumber))) adoptSlot(ledger, ledger.storedSlot)
  settleOutcomes(ledger, before)
  returnFresh(ledger, fresh, before)
  keepAsked(ledger, fresh)
  return true
}

/** Becomes what the store holds now, with only what this opening's app wrote put on top of it again. */
export function rebase(ledger: Ledger, stored: StoredSpace): void {
  const fresh = takeFresh(ledger)
  const before = new Map(Array.from(ledger.outbox.items(), (item) => [item.position, item] as const))
  const { storedSlot, unstored } = ledger
  const { discarded, counted } = unstored
  ledger.become(readLedger(stored, ledger.options))
  adoptSlot(ledger, storedSlot)
  ledger.count(counted)
  for (const id of discarded) letGo(ledger, id)
  settleOutcomes(ledger, before)
  returnFresh(ledger, fresh, before)
  keepAsked(ledger, fresh)
}

/** Becomes what the store holds now: what was not stored here is gone, and what is gone there another one has settled. */
export function returnTo(ledger: Ledger, stored: Ledger): void {
  const items = [...ledger.outbox.items()].filter(({ position }) => position <= ledger.outbox.storedPosition)
  const before = new Map(items.map((item) => [item.position, item] as const))
  ledger.become(stored)
  settleOutcomes(ledger, before)
}

/** The leader may have given this writer a new id. Under the same id, it is somebody else who wrote. */
function adoptSlot(ledger: Ledger, remembered: Slot | undefined): void {
  const now = ledger.slots.get(ledger.slotNumber)
  ledger.storedSlot = now
  const isOther = now?.replica === remembered?.replica && now?.counter !== remembered?.counter
  if (now && remembered && isOther) ledger.leaveSlot()
}

/** Whether something that is not stored here, other than what the app wrote, meets what others committed. */
function collides({ unstored, slotNumber, outbox: { storedPosition }, lead }: Ledger, changes: StoreChanges): boolean {
  const own = slotName(slotNumber)
  const records = [...unstored.records].filter((name) => name !== own)
  const outbox = [...unstored.outbox].filter((position) => position <= storedPosition)
  const led = changes.records.find(([name]) => name === 'lead')?.[1]
  const isDeposed = led !== undefined && led !== JSON.stringify(lead)
  if (isDeposed && records.length + outbox.length + unstored.documents.size > 0) return true
  const changed = {
    records: new Set(changes.records.map(([name]) => name)),
    outbox: new Set(changes.outbox.map(([position]) => position)),
    rejected: new Set(changes.rejected.map(([id]) => id)),
    documents: new Set(changes.documents.map(([collection, id]) => keyOf({ collection, id }))),
  }
  return (
    records.some((name) => changed.records.has(name)) ||
    outbox.some((position) => changed.outbox.has(position)) ||
    [...unstored.rejected].some((id) => changed.rejected.has(id)) ||
    [...unstored.documents].some((document) => changed.documents.has(keyOf(document)))
  )
}

/** What is in the outbox of this opening's memory only, in order, and who wrote it. */
interface Fresh {
  readonly items: readonly OutboxItem[]
  readonly slot: Slot
}

/** A leader that gave this writer a new id does not know that it is about to ask. */
function keepAsked(ledger: Ledger, { slot: { asked } }: Fresh): void {
  if (ledger.slot.asked < asked) ledger.setSlot({ asked })
}

function takeFresh(ledger: Ledger): Fresh {
  const items = [...ledger.outbox.after(ledger.outbox.storedPosition)]
  for (const { position, entry } of items) {
    ledger.outbox.take(position)
    ledger.unstored.outbox.delete(position)
    if (isVoid(entry)) continue
    const document = ledger.obtain(entry.collection, entry.document)
    document.pending = document.pending.filter((operation) => operation !== entry)
    refold(document)
    ledger.touch(document, 'local')
  }
  return { items, slot: ledger.slot }
}

/** The document whose pending operations changed with it. */
function replaceItem(ledger: Ledger, position: number, text: string | undefined): LocalDocument | undefined {
  const before = ledger.outbox.get(position)
  const read = text === undefined ? undefined : readItem(position, text)
  const old = before && !isVoid(before.entry) ? before.entry : undefined
  const now = read && !isVoid(read.entry) ? read.entry : undefined
  if (read) ledger.outbox.put(before ? { ...read, outcome: before.outcome } : read)
  else ledger.outbox.take(position)
  const named = now ?? old
  if (!named) return undefined
  const document = ledger.obtain(named.collection, named.document)
  if (old && now) document.pending = document.pending.map((operation) => (operation === old ? now : operation))
  else if (old) document.pending = document.pending.filter((operation) => operation !== old)
  else if (now) document.pending = [...document.pending, now]
  return document
}

/** Tells whoever waits for an operation of this opening what another one learned of it. */
function settleOutcomes(ledger: Ledger, before: ReadonlyMap<number, OutboxItem | undefined>): void {
  for (const [position, item] of before) {
    if (!item || isVoid(item.entry)) continue
    const now = ledger.outbox.get(position)
    if (now && !isVoid(now.entry)) continue
    const reason = refusalAt(ledger, position)
    if (reason) item.outcome.settle(rejection(item.entry, reason))
    // What only dropped something is over, too, once that was refused.
    else if (!now || item.entry.delta.length === 0) item.outcome.settle()
  }
}

/** What the app wrote goes on at the end of the outbox, under the names that hold now. */
function returnFresh(
  ledger: Ledger,
  { items, slot }: Fresh,
  before: ReadonlyMap<number, OutboxItem | undefined>,
): void {
  const renames = renamesSince(ledger, before)
  const isSame = ledger.slots.get(ledger.slotNumber)?.replica === slot.replica
  if (!isSame && items.length > 0) renames.begin(slot.replica, ledger.slot.replica)
  const hasNewTimes = slot.fallbacks !== ledger.link.fallbacks
  for (const { entry, bytes, handed, outcome } of items) {
    if (isVoid(entry)) {
      if (isSame) ledger.appendVoid(entry, { bytes, handed, outcome })
      else outcome.settle()
      continue
    }
    const document = ledger.obtain(entry.collection, entry.document)
    const dot = isSame ? entry.dot : { replica: ledger.slot.replica, counter: ledger.slot.counter + 1 }
    if (!isSame) renames.add(document, entry.dot, dot)
    const names = renameIn(entry, document, renames.list)
    // Something that it stands on may have been refused meanwhile.
    const base = commonVersion(names.base, document.state.version)
    const time = hasNewTimes ? ledger.nextTime(0) : entry.time
    const operation: Operation = { ...entry, ...names, base, dot, time }
    ledger.append(operation, { bytes: isSame ? bytes : bytesOf(operation), handed, outcome })
    document.pending = [...document.pending, operation]
    document.state = apply(document.state, operation)
    ledger.touch(document, 'local')
  }
  ledger.addRenames(renames.list)
}
