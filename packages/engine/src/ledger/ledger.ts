import {
  type Digest,
  FIRST_CHECK,
  type Operation,
  type PushEntry,
  type ReplicaId,
  type ReplicaMark,
  type Strategy,
  type Timestamp,
  type Void,
  apply,
  isVoid,
  nextTimestamp,
} from '@whisker/protocol'
import { ConfirmedSums } from './confirmed-sums.ts'
import { type LocalDocument, newDocument, refold, seenBy } from './document.ts'
import type { LetGo, Rejected } from './rejected.ts'
import { Outbox, type OutboxItem } from './outbox.ts'
import { Outcome } from './outcome.ts'
import {
  type LastRound,
  type Lead,
  type Link,
  NEW_LINK,
  NO_STATISTICS,
  type Slot,
  type Statistics,
  addStatistics,
  isSameOutcome,
  newSlot,
  slotName,
} from './records.ts'
import type { Rename } from './rename.ts'
import type { Rollback } from './rollback.ts'
import { Unstored } from './unstored.ts'

export const keyOf = ({ collection, id }: Pick<LocalDocument, 'collection' | 'id'>): string => `${collection}/${id}`

/** Whether a document looks different only through what this app wrote. */
export type Origin = 'local' | 'remote'

/** What a ledger is told once. */
export interface LedgerOptions {
  /** The slot that this opening of the store holds. */
  readonly slot: number
  /** A name of this opening that no other has. */
  readonly opening: string
  readonly mintReplica: () => ReplicaId
  readonly strategyOf: (collection: string) => Strategy | undefined
}

/**
 * The replica in memory: the documents in their two layers, the outbox, what was refused, and the records
 * beside them. It does no I/O; it remembers what differs from the store, for the next commit, and which
 * documents may look different, for the next notification.
 */
export class Ledger {
  readonly options: LedgerOptions
  /** The writers of this store, by slot: this opening's own, those of others, and those that are closed. */
  readonly slots: Map<number, Slot> = new Map()
  /** The slot under which this opening writes. */
  slotNumber: number
  /** Its record in the store, as this opening knows it. */
  storedSlot: Slot | undefined
  link: Link = NEW_LINK
  lead: Lead = { opening: undefined }
  lastRound: LastRound | undefined
  /** As stored; what was counted since then is in `unstored`. */
  storedStatistics: Statistics = NO_STATISTICS
  readonly documents: Map<string, Map<string, LocalDocument>> = new Map()
  /** Those that are to be sent to the server as states. */
  readonly offered: Set<LocalDocument> = new Set()
  readonly outbox: Outbox = new Outbox()
  readonly sums: ConfirmedSums = new ConfirmedSums()
  readonly rejected: Map<string, Rejected> = new Map()
  letGo: readonly LetGo[] = []
  unstored: Unstored = new Unstored()
  readonly touched: Map<LocalDocument, Origin> = new Map()
  /** The new names of operations issued again while this process ran, for what was read under the old ones. */
  renames: readonly Rename[] = []
  /** What was taken back while this process ran, for what was read before. */
  readonly rollbacks: Rollback[] = []

  constructor(options: LedgerOptions) {
    this.options = options
    this.slotNumber = options.slot
  }

  /** The writer that this opening is. */
  get slot(): Slot {
    return this.slots.get(this.slotNumber) ?? this.setSlot({})
  }

  /** Becomes the writer whose slot this is, or a new one. */
  claimSlot(): void {
    if (!this.slots.has(this.slotNumber)) this.setSlot({})
  }

  setSlot(changes: Partial<Slot>): Slot {
    const slot = { ...(this.slots.get(this.slotNumber) ?? this.#firstSlot()), ...changes }
    this.slots.set(this.slotNumber, slot)
    this.unstored.records.add(slotName(this.slotNumber))
    return slot
  }

  /** Another opening writes under the same slot, whatever the locks say: this one goes on as another writer. */
  leaveSlot(): void {
    this.slotNumber = Math.max(...this.slots.keys()) + 1
    this.storedSlot = undefined
  }

  #firstSlot(): Slot {
    return { ...newSlot(this.options.mintReplica(), this.link.epochs.at(-1)?.id), fallbacks: this.link.fallbacks }
  }

  /** Puts the writer of any slot. */
  putSlot(number: number, slot: Slot): void {
    this.slots.set(number, slot)
    this.unstored.records.add(slotName(number))
  }

  slotOf(replica: ReplicaId): Slot | undefined {
    for (const slot of this.slots.values()) if (slot.replica === replica) return slot
    return undefined
  }

  /** How far the server is known to have taken a replica's operations. */
  acknowledgedOf(replica: ReplicaId): ReplicaMark {
    return this.link.acknowledged[replica] ?? { counter: 0, check: FIRST_CHECK }
  }

  setLink(changes: Partial<Link>): void {
    this.link = { ...this.link, ...changes }
    this.unstored.records.add('link')
  }

  /** Notes what is worth no commit of its own. */
  noteLink(changes: Pick<Partial<Link>, 'lastSyncAt' | 'clockOffsetMs'>): void {
    this.link = { ...this.link, ...changes }
    this.unstored.notes.add('link')
  }

  setLead(opening: string | undefined): void {
    this.adoptLead({ opening })
    this.unstored.records.add('lead')
  }

  /** A change of who leads: whoever led before, or leads now, may have handed anything to a transport. */
  adoptLead(lead: Lead): void {
    if (lead.opening === this.lead.opening) return
    if (!this.#isFree(this.lead) || !this.#isFree(lead)) for (const item of this.outbox.items()) item.handed = true
    this.lead = lead
  }

  get isLeader(): boolean {
    return this.lead.opening === this.options.opening
  }

  /** Nobody but this opening can have handed anything to a transport. */
  #isFree({ opening }: Lead): boolean {
    return opening === undefined || opening === this.options.opening
  }

  /** Other openings wait for it only if it tells something else, or if they asked. */
  setLastRound(round: LastRound, isAwaited: boolean): void {
    const isNews = isAwaited || !isSameOutcome(this.lastRound, round)
    this.lastRound = round
    this.unstored[isNews ? 'records' : 'notes'].add('round')
  }

  get statistics(): Statistics {
    return addStatistics(this.storedStatistics, this.unstored.counted)
  }

  count(changes: Partial<Statistics>): void {
    this.unstored.counted = addStatistics(this.unstored.counted, changes)
    this.unstored.notes.add('statistics')
  }

  find(collection: string, id: string): LocalDocument | undefined {
    return this.documents.get(collection)?.get(id)
  }

  obtain(collection: string, id: string): LocalDocument {
    let documents = this.documents.get(collection)
    if (!documents) this.documents.set(collection, (documents = new Map()))
    let document = documents.get(id)
    if (!document) documents.set(id, (document = newDocument(collection, id)))
    return document
  }

  *allDocuments(): Iterable<LocalDocument> {
    for (const documents of this.documents.values()) yield* documents.values()
  }

  /** Operations have new names, for what was read under the old ones. */
  addRenames(renames: readonly Rename[]): readonly Rename[] {
    const named = renames.filter(({ names }) => names.size > 0)
    this.renames = [...this.renames, ...named]
    return named
  }

  touch(document: LocalDocument, origin: Origin): void {
    if (this.touched.get(document) !== 'remote') this.touched.set(document, origin)
  }

  /** Makes an operation of this replica and puts it at the end of the outbox. */
  write(draft: Omit<Operation, 'dot' | 'time'>, wallMs: number, bytesOf: (entry: PushEntry) => number): Operation {
    const { replica, counter } = this.slot
    const document = this.obtain(draft.collection, draft.document)
    const base = seenBy(replica, document, draft.base)
    const operation = { ...draft, base, dot: { replica, counter: counter + 1 }, time: this.nextTime(wallMs) }
    const bytes = bytesOf(operation)
    this.append(operation, { bytes, handed: false, outcome: new Outcome() })
    document.pending = [...document.pending, operation]
    document.state = apply(document.state, operation)
    this.touch(document, 'local')
    return operation
  }

  /** The time that the next operation gets: above all that this store has made, seen in its outbox, or received. */
  nextTime(wallMs: number): Timestamp {
    const { slot, link } = this
    const own = slot.fallbacks === link.fallbacks ? slot.clock : 0
    const seen = Math.max(own, link.received, this.outbox.seenTime)
    return nextTimestamp(seen, wallMs + (link.usesOffset ? link.clockOffsetMs : 0))
  }

  /** Puts an operation of this opening's own at the end of the outbox. */
  append(operation: Operation, item: Pick<OutboxItem, 'bytes' | 'handed' | 'outcome'>): void {
    const position = ++this.outbox.lastPosition
    const { fallbacks } = this.link
    this.setSlot({ counter: operation.dot.counter, clock: operation.time, fallbacks, position })
    this.setItem({ position, entry: operation, ...item })
  }

  /** Puts a void of this opening's own there. */
  appendVoid(entry: Void, item: Pick<OutboxItem, 'bytes' | 'handed' | 'outcome'>): void {
    const position = ++this.outbox.lastPosition
    this.setSlot({ counter: entry.to, position })
    this.setItem({ position, entry, ...item })
  }

  setItem(item: OutboxItem): void {
    this.outbox.put(item)
    this.unstored.outbox.add(item.position)
  }

  /** Everything up to a place in the outbox is in the store. While another opening leads, that one may hand it over. */
  markStored(position: number): void {
    if (!this.#isFree(this.lead)) for (const item of this.outbox.after(this.outbox.storedPosition)) item.handed = true
    this.outbox.storedPosition = position
  }

  /** Whether no transport can have been given it, so that it may still become smaller. */
  mayShrink(item: OutboxItem | undefined): item is OutboxItem {
    if (!item || item.handed) return false
    return item.position > this.outbox.storedPosition || this.#isFree(this.lead)
  }

  removeItem(position: number): void {
    const item = this.outbox.get(position)
    if (item) this.unstored.removed.set(position, item.outcome)
    this.outbox.take(position)
    this.unstored.outbox.add(position)
  }

  setPending(document: LocalDocument, pending: readonly Operation[], origin: Origin): void {
    document.pending = pending
    refold(document)
    this.touch(document, origin)
  }

  /** Whether a document is to be sent to the server as a state, because the server lost it. */
  setOffered(document: LocalDocument, isOffered: boolean): void {
    document.offered = isOffered
    if (isOffered) this.offered.add(document)
    else this.offered.delete(document)
    this.markUnstored(document)
  }

  markUnstored(document: LocalDocument): void {
    this.unstored.documents.add(document)
    this.noteConfirmed(document)
  }

  /** A document's confirmed state may be another. */
  noteConfirmed(document: LocalDocument): void {
    this.sums.note(document)
  }

  /** Of what the server has confirmed. */
  get digest(): Digest {
    return this.sums.digestOf(this.allDocuments())
  }

  setRejected(rejected: Rejected): void {
    this.rejected.set(rejected.id, rejected)
    this.unstored.rejected.add(rejected.id)
  }

  removeRejected(id: string): void {
    this.rejected.delete(id)
    this.unstored.rejected.add(id)
    this.unstored.discarded.add(id)
  }

  receive(time: Timestamp): void {
    if (time > this.link.received) this.setLink({ received: time })
  }

  /** Undoes the operations written after `mark`, none of which has been committed. */
  undo(mark: WriteMark): void {
    for (const { position, entry } of [...this.outbox.after(mark.position)].reverse()) {
      this.outbox.take(position)
      this.unstored.outbox.delete(position)
      if (isVoid(entry)) continue
      const document = this.obtain(entry.collection, entry.document)
      this.setPending(
        document,
        document.pending.filter((operation) => operation !== entry),
        'local',
      )
    }
    this.outbox.lastPosition = mark.position
    this.noteRollback(mark.slot)
    this.slots.set(this.slotNumber, mark.slot)
    for (const one of mark.rejected) {
      this.unstored.discarded.delete(one.id)
      if (!this.rejected.has(one.id)) this.setRejected(one)
    }
  }

  /** This opening's writes are about to be taken back to what its slot was. */
  noteRollback(to: Slot | undefined): void {
    const { replica, counter } = this.slot
    const left = to?.replica === replica ? to.counter : 0
    if (counter > left) this.rollbacks.push({ replica, counter: left })
  }

  /** Of the operations written after `mark`. */
  outcomesSince(mark: WriteMark): readonly Outcome[] {
    return Array.from(this.outbox.after(mark.position), ({ outcome }) => outcome)
  }

  mark(): WriteMark {
    return { position: this.outbox.lastPosition, slot: this.slot, rejected: [...this.rejected.values()] }
  }

  /** Becomes another ledger, read from the store; what is still pending keeps its outcomes. */
  become(other: Ledger): void {
    const own = Array.from(this.outbox.items(), ({ position, outcome }) => [position, outcome] as const)
    const { removed, overtaken } = this.unstored
    // Beyond what is stored, the same position is another's there.
    const isStored = ([position]: readonly [number, unknown]): boolean => position <= this.outbox.storedPosition
    const outcomes = new Map([...own, ...removed, ...overtaken].filter(isStored))
    // What was acknowledged here and is gone there was acknowledged to another opening, or got on disk after all.
    for (const [position, outcome] of removed) if (!other.outbox.has(position)) outcome.settle()
    replace(this.slots, other.slots)
    this.storedSlot = other.slots.get(this.slotNumber)
    this.link = other.link
    this.lead = other.lead
    this.lastRound = other.lastRound
    this.storedStatistics = other.storedStatistics
    this.renames = this.renames.filter((rename) => !this.unstored.renames.includes(rename))
    this.unstored = other.unstored
    replace(this.documents, other.documents)
    this.sums.beginAnew()
    this.offered.clear()
    for (const document of other.offered) this.offered.add(document)
    replace(this.rejected, other.rejected)
    this.letGo = other.letGo
    this.outbox.become(other.outbox, (item) => outcomes.get(item.position) ?? item.outcome)
    this.touched.clear()
  }
}

function replace<K, V>(target: Map<K, V>, source: ReadonlyMap<K, V>): void {
  target.clear()
  for (const [key, value] of source) target.set(key, value)
}

/** A moment to which uncommitted writes can be undone. */
export interface WriteMark {
  readonly position: number
  readonly slot: Slot
  readonly rejected: readonly Rejected[]
}
