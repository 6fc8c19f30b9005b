import {
  type CheckValue,
  type SpaceChanges,
  type SpaceRecord,
  type SyncStore,
  type Timestamp,
  formatDot,
  timestampAt,
} from '@whisker/protocol'
import { textsIn } from './model.ts'
import { SpaceSum } from './space-sums.ts'
import { Violation } from './violation.ts'

/** A millisecond of a timestamp. */
const TICKS_PER_MS = 4096

/** One history of the server: it goes on over restarts, and ends where the server goes back to a backup. */
interface Line {
  readonly number: number
  readonly space: SpaceSum
  head: number
  collected: number
  highestTime: Timestamp
  /** By replica: its last counter. */
  readonly counters: Map<string, number>
  /** By dot: its check value. */
  readonly checks: Map<string, CheckValue>
  /** The dots that stand in a tail, or stood in one. */
  readonly appended: Set<string>
}

export interface ServerChecksOptions {
  readonly nowMs: () => number
  readonly clockAheadMs: number
  readonly report: (error: unknown) => void
}

/** Watches what the server stores, transaction by transaction. */
export class ServerChecks {
  /** By line and head: the sum of the space. */
  readonly sums: Map<string, number> = new Map()
  /** Each operation that the server ever took, as `replica:counter`, and with its check value, as `replica:counter:check`. */
  readonly taken: Set<string> = new Set()
  /** All texts that it ever stored. */
  readonly texts: Set<string> = new Set()
  /** Which line an epoch belongs to. */
  readonly lineOf: Map<string, number> = new Map()
  /** The lines in which tombstones were cleared up. */
  readonly cleared: Set<number> = new Set()
  /** All ids of replicas that the server was ever told. */
  readonly replicas: Set<string> = new Set()
  readonly #options: ServerChecksOptions
  #lines = 0
  #line: Line = newLine(0)

  constructor(options: ServerChecksOptions) {
    this.#options = options
  }

  get line(): number {
    return this.#line.number
  }

  get head(): number {
    return this.#line.head
  }

  get collected(): number {
    return this.#line.collected
  }

  /** The store, watched. What a killed process still brings to disk counts for the line it worked on. */
  observe(store: SyncStore): SyncStore {
    const line = this.#line
    return {
      ...store,
      begin: async (epoch) => {
        await store.begin(epoch)
        this.lineOf.set(epoch, line.number)
      },
      write: async (space, work) => {
        let changes: SpaceChanges | undefined
        const result = await store.write(space, async (transaction) => {
          const before = await transaction.space()
          return work({
            ...transaction,
            put: async (put) => {
              this.#watch(() => this.#check(line, put, before))
              await transaction.put(put)
              changes = put
            },
          })
        })
        const committed = changes
        if (committed) this.#watch(() => this.#committed(line, committed))
        return result
      },
    }
  }

  /** What breaks a rule is told, and harms nothing that is watched. */
  #watch(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#options.report(error)
    }
  }

  /** The server went back to a backup: a new line begins there. */
  wentBack(rebuilt: ServerChecksCopy): void {
    this.#line = { ...copyLine(rebuilt.line), number: ++this.#lines }
    if (this.cleared.has(rebuilt.line.number)) this.cleared.add(this.#lines)
    this.#record(this.#line)
  }

  copy(): ServerChecksCopy {
    return { line: copyLine(this.#line) }
  }

  #check(line: Line, changes: SpaceChanges, before: SpaceRecord): void {
    const { head, documents, replicas, highestTime, collected, removed } = changes
    const nowMs = this.#options.nowMs()
    for (const { row } of replicas) this.replicas.add(row.replica)
    if (head < before.head) throw new Violation('M9', `the head falls from ${before.head} to ${head}`)
    const seqs = new Set<number>()
    for (const { row, appended } of documents) {
      if (row.seq > head) throw new Violation('M9', `${row.document} is of ${row.seq}, beyond the head ${head}`)
      if (row.version.length > this.replicas.size) {
        throw new Violation('M26', `the version of ${row.document} names ${row.version.length} replicas`)
      }
      for (const { seq, replica, counter } of appended) {
        const dot = formatDot({ replica, counter })
        if (line.appended.has(dot)) throw new Violation('M5', `${dot} is stored twice`)
        if (seq <= before.head || seq > head || seqs.has(seq)) {
          throw new Violation('M9', `the sequence ${seq} is given twice, or is not between ${before.head} and ${head}`)
        }
        seqs.add(seq)
      }
    }
    for (const { row, checks } of replicas) {
      const known = line.counters.get(row.replica) ?? 0
      // Of a push that is longer than what is kept, the first check values are left out.
      for (const [index, { counter }] of checks.entries()) {
        const last = index === 0 ? known : (checks[index - 1]?.counter ?? 0)
        if (counter !== last + 1 && (index > 0 || counter <= known)) {
          throw new Violation('M8', `after ${row.replica}:${last} comes ${counter}`)
        }
      }
      if (row.last.counter < known)
        throw new Violation('M8', `${row.replica} falls from ${known} to ${row.last.counter}`)
    }
    const highest = Math.max(
      timestampAt(nowMs + this.#options.clockAheadMs),
      before.highestTime + documents.length * TICKS_PER_MS,
    )
    if (highestTime > highest) throw new Violation('M18', `the time ${highestTime} was taken, the most was ${highest}`)
    if (collected < before.collected) throw new Violation('M14', `what was collected falls to ${collected}`)
    if (removed.length > 0 && collected === 0) throw new Violation('M14', 'rows were removed without being collected')
  }

  #committed(line: Line, { head, collected, highestTime, documents, removed, replicas }: SpaceChanges): void {
    line.head = head
    line.collected = collected
    if (removed.length > 0) this.cleared.add(line.number)
    line.highestTime = highestTime
    for (const text of textsIn(documents)) this.texts.add(text)
    for (const { row, appended } of documents) {
      for (const dot of appended) line.appended.add(formatDot(dot))
      line.space.put(row.collection, row.document, row.version)
    }
    for (const { collection, document } of removed) line.space.put(collection, document, undefined)
    for (const { row, checks } of replicas) {
      this.replicas.add(row.replica)
      const before = line.counters.get(row.replica) ?? 0
      for (let counter = before + 1; counter <= row.last.counter; counter++) this.taken.add(`${row.replica}:${counter}`)
      line.counters.set(row.replica, row.last.counter)
      for (const { counter, check } of checks) {
        const dot = formatDot({ replica: row.replica, counter })
        const known = line.checks.get(dot)
        if (known !== undefined && known !== check) throw new Violation('M7', `${dot} was taken twice, for two things`)
        line.checks.set(dot, check)
        this.taken.add(`${dot}:${check}`)
      }
    }
    this.#record(line)
  }

  #record({ number, head, space }: Line): void {
    this.sums.set(sumKey(number, head), space.sum)
  }
}

export interface ServerChecksCopy {
  readonly line: Line
}

/** Names a moment of a line. */
export const sumKey = (line: number, head: number): string => `${line}:${head}`

const newLine = (number: number): Line => ({
  number,
  space: new SpaceSum(),
  head: 0,
  collected: 0,
  highestTime: 0,
  counters: new Map(),
  checks: new Map(),
  appended: new Set(),
})

const copyLine = (line: Line): Line => ({
  ...line,
  space: line.space.copy(),
  counters: new Map(line.counters),
  checks: new Map(line.checks),
  appended: new Set(line.appended),
})
