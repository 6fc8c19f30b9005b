import { type PushEntry, type Timestamp, isVoid } from '@whisker/protocol'
import type { Outcome } from './outcome.ts'

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

/** What waits to be sent, by rising position: one line over all slots of the store. */
export class Outbox {
  lastPosition = 0
  /** Items up to this position are in the store, as they are or as they were. */
  storedPosition = 0
  /** The highest time that was seen in it, whoever made it: what is written next comes after it. */
  seenTime: Timestamp = 0
  #voids = 0
  readonly #items: Map<number, OutboxItem> = new Map()
  readonly #positions: WeakMap<PushEntry, number> = new WeakMap()

  get size(): number {
    return this.#items.size
  }

  /** Voids not counted. */
  get operationCount(): number {
    return this.#items.size - this.#voids
  }

  get first(): OutboxItem | undefined {
    return this.#items.values().next().value
  }

  get(position: number): OutboxItem | undefined {
    return this.#items.get(position)
  }

  has(position: number): boolean {
    return this.#items.has(position)
  }

  itemOf(entry: PushEntry): OutboxItem | undefined {
    return this.#items.get(this.#positions.get(entry) ?? 0)
  }

  items(): IterableIterator<OutboxItem> {
    return this.#items.values()
  }

  *after(position: number): Iterable<OutboxItem> {
    for (let next = position + 1; next <= this.lastPosition; next++) {
      const item = this.#items.get(next)
      if (item) yield item
    }
  }

  put(item: OutboxItem): void {
    this.#forgetVoid(item.position)
    if (isVoid(item.entry)) this.#voids++
    else this.seenTime = Math.max(this.seenTime, item.entry.time)
    this.#items.set(item.position, item)
    this.#positions.set(item.entry, item.position)
    this.lastPosition = Math.max(this.lastPosition, item.position)
  }

  take(position: number): void {
    this.#forgetVoid(position)
    this.#items.delete(position)
  }

  #forgetVoid(position: number): void {
    const item = this.#items.get(position)
    if (item && isVoid(item.entry)) this.#voids--
  }

  /** Looks at the times anew, after they fell back. */
  resetSeenTime(): void {
    this.seenTime = 0
    for (const { entry } of this.#items.values())
      if (!isVoid(entry)) this.seenTime = Math.max(this.seenTime, entry.time)
  }

  /** Becomes another outbox. */
  become(other: Outbox, outcomeOf: (item: OutboxItem) => Outcome): void {
    this.#items.clear()
    this.#voids = 0
    this.seenTime = 0
    for (const item of other.items()) this.put({ ...item, outcome: outcomeOf(item) })
    this.lastPosition = other.lastPosition
    this.storedPosition = other.storedPosition
  }
}
