import {
  type Operation,
  type PushEntry,
  type ReplicaId,
  type Strategy,
  type Timestamp,
  apply,
  isVoid,
  nextTimestamp,
  receiveTimestamp,
} from '@whisker/protocol'
import { type LocalDocument, newDocument, refold } from './document.ts'
import { Outcome } from './outcome.ts'
import { type Link, NEW_LINK, NEW_STATISTICS, type Slot, type Statistics } from './records.ts'

/** Something on its way to the server. */
export interface OutboxItem {
  /** Its place in the commit order over all slots. */
  readonly position: number
  readonly entry: PushEntry
  /** Whether a transport may have been given it: from then on it is sent again as it is, or not at all. */
  handed: boolean
  /** The length of its encoding. */
  readonly bytes: number
  /** Told what becomes of it, also when it goes on under another name. */
  readonly outcome: Outcome
}

/** An operation that was refused, with its whole content. */
export interface Rejected {
  /** The name under which the app retries or discards it. */
  readonly id: string
  readonly operation: Operation
  readonly reason: { readonly code: string; readonly message: string }
  /** When it was refused, in milliseconds since 1970. */
  readonly at: number
}

export interface Rename {
  readonly from: ReplicaId
  readonly to: ReplicaId
  /** By document: the old counters and the new ones. */
  readonly names: ReadonlyMap<LocalDocument, ReadonlyMap<number, number>>
}

export type RecordName = 'slot' | 'link' | 'statistics'
export type Origin = 'local' | 'remote'

/**
 * The replica in memory: the documents in their two layers, the outbox, what was refused, and the records
 * beside them. It does no I/O; it remembers what differs from the store, for the next commit, and which
 * documents may look different, for the next notification.
 */
export class Ledger {
  slot: Slot
  link: Link = NEW_LINK
  statistics: Statistics = NEW_STATISTICS
  readonly documents: Map<string, Map<string, LocalDocument>> = new Map()
  readonly outbox: Map<number, OutboxItem> = new Map()
  readonly rejected: Map<string, Rejected> = new Map()
  lastPosition = 0
  readonly strategyOf: (collection: string) => Strategy | undefined

  readonly dirty: {
    readonly documents: Set<LocalDocument>
    readonly outbox: Set<number>
    readonly rejected: Set<string>
    readonly records: Set<RecordName>
  } = { documents: new Set(), outbox: new Set(), rejected: new Set(), records: new Set() }

  readonly touched: Map<LocalDocument, Origin> = new Map()
  /** What was acknowledged since the last commit; told once the acknowledgement is on disk. */
  acknowledged: Outcome[] = []
  /** The outcomes of items removed since the last commit, in case it fails and they come back. */
  #removed: Map<number, Outcome> = new Map()
  /** The new names of operations issued again by this process, for what was read under the old ones. */
  readonly renames: Rename[] = []
  #voids = 0
  readonly #positions: WeakMap<PushEntry, number> = new WeakMap()

  constructor(replica: ReplicaId, strategyOf: (collection: string) => Strategy | undefined) {
    this.strategyOf = strategyOf
    this.slot = newSlot(replica, 0)
    this.dirty.records.add('slot')
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

  setSlot(changes: Partial<Slot>): void {
    this.slot = { ...this.slot, ...changes }
    this.dirty.records.add('slot')
  }

  setLink(changes: Partial<Link>): void {
    this.link = { ...this.link, ...changes }
    this.dirty.records.add('link')
  }

  count(changes: Partial<Statistics>): void {
    const statistics = { ...this.statistics }
    for (const [name, by] of Object.entries(changes)) statistics[name as keyof Statistics] += by
    this.statistics = statistics
    this.dirty.records.add('statistics')
  }

  touch(document: LocalDocument, origin: Origin): void {
    this.touched.set(document, origin)
  }

  /** Makes an operation of this replica and puts it at the end of the outbox. */
  write(draft: Omit<Operation, 'dot' | 'time'>, wallMs: number, bytesOf: (entry: PushEntry) => number): Operation {
    const counter = this.slot.counter + 1
    const time = this.nextTime(wallMs)
    const operation: Operation = { ...draft, dot: { replica: this.slot.replica, counter }, time }
    const bytes = bytesOf(operation)
    this.setSlot({ counter, clock: time })
    this.enqueue(operation, bytes)
    const document = this.obtain(draft.collection, draft.document)
    document.pending = [...document.pending, operation]
    document.state = apply(document.state, operation)
    this.touch(document, 'local')
    return operation
  }

  /** The time that the next operation gets. */
  nextTime(wallMs: number): Timestamp {
    return nextTimestamp(this.slot.clock, wallMs + (this.link.usesOffset ? this.link.clockOffsetMs : 0))
  }

  enqueue(
    entry: PushEntry,
    bytes: number,
    { handed, outcome }: Pick<OutboxItem, 'handed' | 'outcome'> = { handed: false, outcome: new Outcome() },
  ): void {
    this.setItem({ position: ++this.lastPosition, entry, handed, bytes, outcome })
  }

  setItem(item: OutboxItem): void {
    this.putItem(item)
    this.dirty.outbox.add(item.position)
  }

  /** Puts what the store holds already. */
  putItem(item: OutboxItem): void {
    this.#forgetVoid(item.position)
    if (isVoid(item.entry)) this.#voids++
    this.outbox.set(item.position, item)
    this.#positions.set(item.entry, item.position)
  }

  /** How many operations wait in the outbox, voids not counted. */
  get pendingCount(): number {
    return this.outbox.size - this.#voids
  }

  #forgetVoid(position: number): void {
    const item = this.outbox.get(position)
    if (item && isVoid(item.entry)) this.#voids--
  }

  itemOf(entry: PushEntry): OutboxItem | undefined {
    return this.outbox.get(this.#positions.get(entry) ?? 0)
  }

  removeItem(position: number): void {
    const item = this.outbox.get(position)
    if (item) this.#removed.set(position, item.outcome)
    this.#forgetVoid(position)
    this.outbox.delete(position)
    this.dirty.outbox.add(position)
  }

  takeRemoved(): ReadonlyMap<number, Outcome> {
    const removed = this.#removed
    this.#removed = new Map()
    return removed
  }

  returnRemoved(removed: ReadonlyMap<number, Outcome>): void {
    this.#removed = new Map([...removed, ...this.#removed])
  }

  setPending(document: LocalDocument, pending: readonly Operation[], origin: Origin): void {
    document.pending = pending
    refold(document)
    this.touch(document, origin)
  }

  markDirty(document: LocalDocument): void {
    this.dirty.documents.add(document)
  }

  setRejected(rejected: Rejected): void {
    this.rejected.set(rejected.id, rejected)
    this.dirty.rejected.add(rejected.id)
  }

  removeRejected(id: string): boolean {
    this.dirty.rejected.add(id)
    return this.rejected.delete(id)
  }

  receive(time: Timestamp): void {
    if (time <= this.slot.received) return
    this.setSlot({ received: time, clock: receiveTimestamp(this.slot.clock, time) })
  }

  /** Undoes the operations written after `mark`, none of which has been committed. */
  undo(mark: WriteMark): void {
    for (const position of [...this.outbox.keys()].reverse()) {
      if (position <= mark.position) break
      const item = this.outbox.get(position) as OutboxItem
      this.#forgetVoid(position)
      this.outbox.delete(position)
      this.dirty.outbox.delete(position)
      if (isVoid(item.entry)) continue
      const document = this.obtain(item.entry.collection, item.entry.document)
      this.setPending(
        document,
        document.pending.filter((operation) => operation !== item.entry),
        'local',
      )
    }
    this.lastPosition = mark.position
    this.slot = mark.slot
    for (const one of mark.rejected) if (!this.rejected.has(one.id)) this.setRejected(one)
  }

  mark(): WriteMark {
    return { position: this.lastPosition, slot: this.slot, rejected: [...this.rejected.values()] }
  }

  /** Becomes another ledger, read from the store after a commit failed; what is still pending keeps its outcomes. */
  become(other: Ledger): void {
    for (const item of other.outbox.values()) {
      const outcome = this.#removed.get(item.position) ?? this.outbox.get(item.position)?.outcome
      other.outbox.set(item.position, outcome ? { ...item, outcome } : item)
    }
    this.slot = other.slot
    this.link = other.link
    this.statistics = other.statistics
    this.lastPosition = other.lastPosition
    this.acknowledged = []
    this.#removed.clear()
    this.renames.length = 0
    replace(this.documents, other.documents)
    replace(this.rejected, other.rejected)
    this.outbox.clear()
    this.#voids = 0
    for (const item of other.outbox.values()) this.putItem(item)
    this.touched.clear()
    for (const set of Object.values(this.dirty)) set.clear()
  }

  get hasChanges(): boolean {
    const { documents, outbox, rejected, records } = this.dirty
    return documents.size + outbox.size + rejected.size + records.size > 0
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

export const newSlot = (replica: ReplicaId, clock: Timestamp): Slot => ({
  replica,
  epoch: undefined,
  counter: 0,
  clock,
  received: 0,
  acknowledged: { counter: 0, check: 0 },
})
