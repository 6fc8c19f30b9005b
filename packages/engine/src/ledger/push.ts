import {
  type Device,
  type Limits,
  type Offer,
  type Operation,
  type PushEntry,
  type PushRequest,
  type ReplicaClaim,
  type ReplicaId,
  type ReplicaMark,
  type Strategies,
  type Strategy,
  type Void,
  checkAfter,
  checkAfterVoids,
  encodeState,
  isVoid,
  utf8Length,
} from '@whisker/protocol'
import type { LocalDocument } from './document.ts'
import type { Ledger } from './ledger.ts'
import type { OutboxItem } from './outbox.ts'

export interface PushOptions {
  readonly space: string
  readonly device: Device
  readonly limits: Limits
  /** The most operations and offers in this push: lowered when the server found one too large. */
  readonly most: number
  /** Whether an outbox item is on disk as it is; what is not must not be sent. */
  readonly isStored: (position: number) => boolean
}

export interface Push {
  readonly request: PushRequest
  readonly offered: readonly LocalDocument[]
  readonly items: readonly OutboxItem[]
}

/** The next push: the documents the server lost, then the head of the outbox. Undefined if there is nothing to send. */
export function nextPush(ledger: Ledger, options: PushOptions): Push | undefined {
  const budget = { bytes: (options.limits.messageBytes * 7) / 8, entries: options.most }
  const { offered, isComplete } = offeredDocuments(ledger, budget)
  // An operation may stand on any of the documents that the server lost.
  const items = isComplete ? headOfOutbox(ledger, options, budget) : []
  if (offered.length === 0 && items.length === 0) return undefined
  for (const item of items) item.handed = true
  const request: PushRequest = {
    space: options.space,
    cursor: ledger.link.cursor,
    seen: ledger.link.seen,
    device: options.device,
    replicas: claimsOf(ledger, items),
    offers: offered.map(({ collection, id, confirmed }): Offer => ({ collection, document: id, state: confirmed })),
    entries: joinVoids(items.map((item) => item.entry)),
    strategies: unrecorded(ledger, items),
  }
  return { request, offered, items }
}

/** The writer of an entry. */
export const replicaOf = (entry: PushEntry): ReplicaId => (isVoid(entry) ? entry.replica : entry.dot.replica)

/** The counter that an entry reaches. */
export const lastCounterOf = (entry: PushEntry): number => (isVoid(entry) ? entry.to : entry.dot.counter)

/** One claim for each writer in the push; of a push of offers alone, this opening speaks. */
function claimsOf(ledger: Ledger, items: readonly OutboxItem[]): ReplicaClaim[] {
  const replicas = new Set(items.map(({ entry }) => replicaOf(entry)))
  if (replicas.size === 0) replicas.add(ledger.slot.replica)
  return [...replicas].map((replica) => ({
    replica,
    epoch: ledger.slotOf(replica)?.epoch,
    previous: ledger.acknowledgedOf(replica),
  }))
}

/** What one push may still hold; an envelope and the replica table fit into the eighth of the message left out. */
interface Budget {
  bytes: number
  entries: number
}

/** Takes from the budget; the first thing always fits, so that a large one is not left behind for ever. */
function fits(budget: Budget, bytes: number, isFirst: boolean): boolean {
  if (budget.entries < 1 || (bytes > budget.bytes && !isFirst)) return false
  budget.bytes -= bytes
  budget.entries--
  return true
}

function offeredDocuments(
  ledger: Ledger,
  budget: Budget,
): { readonly offered: readonly LocalDocument[]; readonly isComplete: boolean } {
  const offered: LocalDocument[] = []
  for (const document of ledger.offered) {
    const bytes = utf8Length(JSON.stringify(encodeState(document.confirmed)))
    if (!fits(budget, bytes, offered.length === 0)) return { offered, isComplete: false }
    offered.push(document)
  }
  return { offered, isComplete: true }
}

function headOfOutbox(ledger: Ledger, { limits, isStored, most }: PushOptions, budget: Budget): OutboxItem[] {
  const items: OutboxItem[] = []
  const isEmpty = budget.entries === most
  const replicas = new Set<ReplicaId>()
  let voids = 0
  for (const item of ledger.outbox.items()) {
    if (!isStored(item.position)) break
    if (isVoid(item.entry)) {
      voids += item.entry.to - item.entry.from + 1
      if (voids > limits.batchVoids) break
    }
    if (replicas.add(replicaOf(item.entry)).size > limits.replicasPerRequest) break
    if (!isJoined(items.at(-1)?.entry, item.entry) && !fits(budget, item.bytes, isEmpty && items.length === 0)) break
    items.push(item)
  }
  return items
}

/** Whether a voided counter travels in the range of the one before it. */
const isJoined = (last: PushEntry | undefined, entry: PushEntry): last is Void =>
  last !== undefined && isVoid(last) && isVoid(entry) && last.replica === entry.replica && last.to + 1 === entry.from

function joinVoids(entries: readonly PushEntry[]): PushEntry[] {
  const joined: PushEntry[] = []
  for (const entry of entries) {
    const last = joined.at(-1)
    if (isJoined(last, entry)) joined[joined.length - 1] = { ...last, to: lastCounterOf(entry) }
    else joined.push(entry)
  }
  return joined
}

function unrecorded(ledger: Ledger, items: readonly OutboxItem[]): Strategies {
  const strategies: Record<string, Strategy> = {}
  for (const { entry } of items) {
    if (isVoid(entry) || Object.hasOwn(ledger.link.strategies, entry.collection)) continue
    const strategy = ledger.options.strategyOf(entry.collection)
    if (strategy) strategies[entry.collection] = strategy
  }
  return strategies
}

/** A replica's mark after one more entry. */
export const markAfter = (mark: ReplicaMark, entry: Operation | Void): ReplicaMark =>
  isVoid(entry)
    ? { counter: entry.to, check: checkAfterVoids(mark.check, entry.to - entry.from + 1) }
    : { counter: entry.dot.counter, check: checkAfter(mark.check, entry) }
