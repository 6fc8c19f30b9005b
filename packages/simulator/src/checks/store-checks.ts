import {
  type StoreCommit,
  type StoredSpace,
  decodeState,
  decodeStoredEntry,
  formatDot,
  isVoid,
} from '@whisker/protocol'
import { textsIn } from './model.ts'
import { SpaceSum } from './space-sums.ts'
import { type ServerChecks, sumKey } from './server-checks.ts'
import { Violation } from './violation.ts'

/** What the checks read of the record that says how far a store has followed the server. */
interface LinkRecord {
  readonly cursor: { readonly epoch: string | undefined; readonly since: number; readonly after: number }
  readonly seen: number
  readonly wantsOwn: boolean
  readonly collected: number
  readonly acknowledged: Readonly<Record<string, { readonly counter: number; readonly check: number }>>
}

interface OutboxEntry {
  readonly dot: string | undefined
  readonly replica: string
  readonly counter: number
  readonly time: number
  readonly texts: readonly string[]
}

export interface Sent {
  readonly entries: number
  readonly operations: number
}

/** Watches what one device commits. */
export class StoreChecks {
  readonly name: string
  /** Outbox rows by position. */
  readonly outbox: Map<number, OutboxEntry> = new Map()
  /** All texts that were ever in it or in a document. */
  readonly texts: Set<string> = new Set()
  /** What has left it, voids among the entries. */
  sent: Sent = { entries: 0, operations: 0 }
  /** How many of its operations were given new names. */
  renamed = 0
  /** By text: the first place of the outbox that held it. Later ones write it again. */
  readonly #positions = new Map<string, number>()
  readonly #server: ServerChecks
  readonly #space = new SpaceSum()
  readonly #offered = new Set<string>()
  readonly #rejected = new Set<string>()
  #link: LinkRecord | undefined
  /** Whether rows may vanish from disks: then sums differ until that is repaired. */
  readonly #rots: boolean

  constructor(name: string, server: ServerChecks, rots: boolean) {
    this.name = name
    this.#server = server
    this.#rots = rots
  }

  /** Where the cursor stands, if it stands at the end of a scan. */
  get at(): { readonly line: number | undefined; readonly since: number } | undefined {
    const { cursor } = this.#link ?? {}
    if (!cursor || cursor.since !== cursor.after) return undefined
    return { line: this.#server.lineOf.get(cursor.epoch ?? ''), since: cursor.since }
  }

  /** What the outbox holds, without voids. */
  get operations(): readonly OutboxEntry[] {
    return [...this.outbox.values()].filter(({ dot }) => dot !== undefined)
  }

  /** Whether some of that has neither reached the server nor is among what was refused. */
  hasUnsent(refused: ReadonlySet<string>): boolean {
    return this.operations.some(({ dot }) => dot !== undefined && !this.#server.taken.has(dot) && !refused.has(dot))
  }

  /** All texts that are to be sent. */
  get waiting(): ReadonlySet<string> {
    return new Set(this.operations.flatMap(({ texts }) => texts))
  }

  /**
   * Whether the write that brought this text is still to be sent. Where what was written over it came to the outbox first,
   * it never was there alone, and whoever holds it now wrote it again.
   */
  isWaiting(text: string, writtenOver: readonly string[] = []): boolean {
    const position = this.#positions.get(text) ?? 0
    if (writtenOver.some((later) => (this.#positions.get(later) ?? position) < position)) return false
    return this.outbox.get(position)?.texts.includes(text) === true
  }

  /** Begins with what is stored. */
  load({ records, documents, outbox, rejected }: StoredSpace): void {
    this.#take({ revision: 0, records, documents, outbox, rejected })
  }

  committed(commit: StoreCommit): void {
    const before = this.#link
    this.#checkOutbox(commit)
    this.#take(commit)
    this.#checkCursor(before)
    this.#checkTimes(commit)
  }

  #take({ records, documents, outbox, rejected }: StoreCommit): void {
    for (const [name, text] of records)
      if (name === 'link' && text !== undefined) this.#link = JSON.parse(text) as LinkRecord
    for (const [collection, document, text] of documents) {
      for (const one of textsIn(text)) this.texts.add(one)
      const [, offered, state] = text === undefined ? [0, 0] : (JSON.parse(text) as [number, number, unknown])
      this.#space.put(collection, document, state === undefined ? undefined : decodeState(state, 'stored').version)
      if (offered === 1) this.#offered.add(`${collection}/${document}`)
      else this.#offered.delete(`${collection}/${document}`)
    }
    for (const [position, text] of outbox) {
      if (text === undefined) this.#leave(position)
      else this.#enter(position, readEntry(text))
    }
    for (const [id, text] of rejected) {
      if (text === undefined) this.#rejected.delete(id)
      else this.#rejected.add(id)
    }
  }

  #enter(position: number, entry: OutboxEntry): void {
    const before = this.outbox.get(position)
    if (before?.dot !== undefined && entry.dot !== undefined && before.replica !== entry.replica) this.renamed++
    this.outbox.set(position, entry)
    for (const text of entry.texts) {
      this.texts.add(text)
      if (!this.#positions.has(text)) this.#positions.set(text, position)
    }
  }

  #leave(position: number): void {
    const entry = this.outbox.get(position)
    if (!entry) return
    this.outbox.delete(position)
    const { entries, operations } = this.sent
    this.sent = { entries: entries + 1, operations: operations + (entry.dot === undefined ? 0 : 1) }
  }

  /** An operation leaves the outbox only when the server has it. */
  #checkOutbox({ outbox, records }: StoreCommit): void {
    const linkText = records.find(([name]) => name === 'link')?.[1]
    const link = linkText === undefined ? this.#link : (JSON.parse(linkText) as LinkRecord)
    for (const [position, text] of outbox) {
      const known = this.outbox.get(position)
      if (text !== undefined || !known?.dot) continue
      const mark = link?.acknowledged[known.replica]
      if (mark && mark.counter >= known.counter) continue
      // What was issued again under another id took the place of what it was; anything else must be on the server.
      if (!this.#server.taken.has(known.dot)) {
        throw new Violation('M11', `${known.dot} left the outbox of ${this.name}, and the server does not have it`)
      }
    }
    if (!link) return
    for (const [replica, { counter, check }] of Object.entries(link.acknowledged)) {
      const isKnown = this.#link?.acknowledged[replica]?.counter === counter
      if (counter === 0 || isKnown || this.#server.taken.has(`${replica}:${counter}:${check}`)) continue
      throw new Violation(
        'M12',
        `${this.name} holds ${replica}:${counter} for acknowledged; the server has no such thing`,
      )
    }
  }

  /** All that the server had at the cursor is here, and nothing else. */
  #checkCursor(before: LinkRecord | undefined): void {
    const link = this.#link
    if (!link || this.#rots) return
    const { cursor, seen, wantsOwn, collected } = link
    const line = this.#server.lineOf.get(cursor.epoch ?? '')
    if (before && before.cursor.epoch === cursor.epoch && before.cursor.since > cursor.since && !wantsOwn) {
      throw new Violation('M10', `the cursor of ${this.name} falls from ${before.cursor.since} to ${cursor.since}`)
    }
    if (line === undefined || cursor.since !== cursor.after || seen !== cursor.since) return
    if (wantsOwn || this.#offered.size > 0) return
    // When a tombstone goes is each side's own affair, and what was made on top of one tells more here than there.
    if (this.#server.cleared.has(line) || collected > this.#server.collected) return
    const expected = this.#server.sums.get(sumKey(line, cursor.since))
    if (expected === undefined || expected === this.#space.sum) return
    throw new Violation('M10', `${this.name} at ${cursor.since} holds something else than the server held there`)
  }

  /** Each replica's times rise. */
  #checkTimes({ outbox }: StoreCommit): void {
    if (!outbox.some(([, text]) => text !== undefined)) return
    const last = new Map<string, OutboxEntry>()
    for (const [, entry] of [...this.outbox].sort(([a], [b]) => a - b)) {
      const known = last.get(entry.replica)
      if (entry.dot !== undefined && known && entry.counter > known.counter && entry.time <= known.time) {
        throw new Violation('M18', `${entry.dot} of ${this.name} is not later than the operation before it`)
      }
      if (entry.dot !== undefined) last.set(entry.replica, entry)
    }
  }
}

function readEntry(text: string): OutboxEntry {
  const entry = decodeStoredEntry(JSON.parse(text), 'outbox')
  if (isVoid(entry)) return { dot: undefined, replica: entry.replica, counter: entry.to, time: 0, texts: [] }
  const { dot, time, delta } = entry
  return { dot: formatDot(dot), replica: dot.replica, counter: dot.counter, time, texts: textsIn(delta) }
}
