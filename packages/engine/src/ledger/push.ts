import {
  type Device,
  type Limits,
  type Offer,
  type Operation,
  type PushEntry,
  type PushRequest,
  type ReplicaMark,
  type Strategies,
  type Strategy,
  type Void,
  checkAfter,
  checkAfterVoids,
  isVoid,
} from '@whisker/protocol'
import type { LocalDocument } from './document.ts'
import type { Ledger, OutboxItem } from './ledger.ts'

export interface PushOptions {
  readonly space: string
  readonly device: Device
  readonly limits: Limits
  /** The most operations and offers in this push: lowered when the server found one too large. */
  readonly most: number
  /** Items above this position are not on disk yet and must not be sent. */
  readonly upTo: number
}

export interface Push {
  readonly request: PushRequest
  readonly offered: readonly LocalDocument[]
  readonly items: readonly OutboxItem[]
}

/** The next push: the documents the server lost, then the head of the outbox. Undefined if there is nothing to send. */
export function nextPush(ledger: Ledger, options: PushOptions): Push | undefined {
  const offered = offeredDocuments(ledger, options.most)
  const items = offered.length < options.most ? headOfOutbox(ledger, options, options.most - offered.length) : []
  if (offered.length === 0 && items.length === 0) return undefined
  for (const item of items) item.handed = true
  const { replica, epoch, acknowledged } = ledger.slot
  const request: PushRequest = {
    space: options.space,
    cursor: ledger.link.cursor,
    seen: ledger.link.seen,
    device: options.device,
    replicas: [{ replica, epoch, previous: acknowledged }],
    offers: offered.map(({ collection, id, confirmed }): Offer => ({ collection, document: id, state: confirmed })),
    entries: joinVoids(items.map((item) => item.entry)),
    strategies: unrecorded(ledger, items),
  }
  return { request, offered, items }
}

function offeredDocuments(ledger: Ledger, most: number): LocalDocument[] {
  const offered: LocalDocument[] = []
  for (const document of ledger.allDocuments()) {
    if (document.offered && offered.push(document) >= most) break
  }
  return offered
}

function headOfOutbox(ledger: Ledger, { limits, upTo }: PushOptions, most: number): OutboxItem[] {
  const items: OutboxItem[] = []
  let bytes = 0
  let entries = 0
  let voids = 0
  for (const item of ledger.outbox.values()) {
    const isJoined = isVoid(item.entry) && items.length > 0 && isVoid((items.at(-1) as OutboxItem).entry)
    if (!isJoined) entries++
    if (isVoid(item.entry)) voids += item.entry.to - item.entry.from + 1
    bytes += item.bytes
    if (item.position > upTo || entries > most || voids > limits.batchVoids) break
    // An envelope and the replica table fit into the eighth that is left.
    if (items.length > 0 && bytes > (limits.messageBytes * 7) / 8) break
    items.push(item)
  }
  return items
}

/** Voided counters travel as ranges. */
function joinVoids(entries: readonly PushEntry[]): PushEntry[] {
  const joined: PushEntry[] = []
  for (const entry of entries) {
    const last = joined.at(-1)
    if (isVoid(entry) && last && isVoid(last) && last.replica === entry.replica && last.to + 1 === entry.from) {
      joined[joined.length - 1] = { ...last, to: entry.to }
    } else {
      joined.push(entry)
    }
  }
  return joined
}

function unrecorded(ledger: Ledger, items: readonly OutboxItem[]): Strategies {
  const strategies: Record<string, Strategy> = {}
  for (const { entry } of items) {
    if (isVoid(entry) || Object.hasOwn(ledger.link.strategies, entry.collection)) continue
    const strategy = ledger.strategyOf(entry.collection)
    if (strategy) strategies[entry.collection] = strategy
  }
  return strategies
}

/** A replica's mark after one more entry. */
export const markAfter = (mark: ReplicaMark, entry: Operation | Void): ReplicaMark =>
  isVoid(entry)
    ? { counter: entry.to, check: checkAfterVoids(mark.check, entry.to - entry.from + 1) }
    : { counter: entry.dot.counter, check: checkAfter(mark.check, entry) }
