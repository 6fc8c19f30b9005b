import type { Statistics, SyncEngine, SyncEvents, SyncResult } from '@whisker/engine'
import type { Docs } from '../workload/documents.ts'
import { isClosed } from './onlooker.ts'
import type { Sent } from './store-checks.ts'
import type { Surroundings } from './surroundings.ts'
import { Violation } from './violation.ts'

/** What the statistics count that events tell of, too. */
const COUNTED = {
  sync_completed: 'syncs',
  sync_failed: 'errors',
  conflict_detected: 'conflictsSeen',
  conflict_resolved: 'conflictsResolved',
  mismatch_detected: 'mismatchesSeen',
  mismatch_repaired: 'mismatchesRepaired',
} as const satisfies Partial<Record<keyof SyncEvents, keyof Statistics>>

type Counted = keyof typeof COUNTED

/** How things stood when something began. */
interface Start {
  readonly atMs: number
  readonly statistics: Statistics
  readonly sent: Sent
}

/** How a round ended, and which one it was; what failed outside of a round comes after all of them. */
interface Ended {
  readonly result: SyncResult
  readonly round: number
}

/** An app that counts what it is told of rounds, and compares that with the statistics and with what came of them. */
export class ToldRounds {
  /** How many rounds have begun. */
  begun = 0
  readonly #name: string
  readonly #engine: SyncEngine<Docs>
  readonly #around: Surroundings
  readonly #report: (violation: Violation) => void
  /** Told since the first round: before it, somebody who is gone may pass for the one that leads, and counts. */
  readonly #told = new Map<Counted, number>()
  #first: Start | undefined
  #round: Start | undefined
  readonly #ended: Ended[] = []
  #last: Statistics

  constructor(name: string, engine: SyncEngine<Docs>, around: Surroundings, report: (violation: Violation) => void) {
    this.#name = name
    this.#engine = engine
    this.#around = around
    this.#report = report
    this.#last = engine.statistics
    for (const event of Object.keys(COUNTED) as Counted[]) {
      engine.on(event, () => void this.#told.set(event, (this.#told.get(event) ?? 0) + 1))
    }
    engine.on('sync_started', () => this.#begin())
    engine.on('sync_completed', (result) => this.#end(result))
    engine.on('sync_failed', ({ error }) => this.#end({ ok: false, error }))
    engine.on('status_changed', () => this.#checkRising())
  }

  #begin(): void {
    const { nowMs, sent } = this.#around
    this.begun++
    this.#round = { atMs: nowMs(), statistics: this.#engine.statistics, sent: sent() }
    if (this.#first) return
    this.#first = this.#round
    this.#told.clear()
  }

  #end(result: SyncResult): void {
    this.#ended.push({ result, round: this.#round ? this.begun : Infinity })
    if (isClosed(this.#engine)) return
    this.#checkCounts()
    if (result.ok && this.#round) this.#checkRound(result, this.#round)
    this.#round = undefined
  }

  /** Several openings count together, and what a failed commit was to store is not counted. */
  #checkCounts(): void {
    const { isAlone, isDiskSound } = this.#around
    if (!this.#first || !isAlone() || !isDiskSound) return
    const { statistics } = this.#engine
    for (const [event, name] of Object.entries(COUNTED) as [Counted, keyof Statistics][]) {
      const counted = statistics[name] - this.#first.statistics[name]
      const told = this.#told.get(event) ?? 0
      if (counted !== told) this.#fail(`counts ${counted} ${name} and told ${told} times of ${event}`)
    }
  }

  #checkRound({ pushed, pulled, durationMs }: Extract<SyncResult, { ok: true }>, begun: Start): void {
    const { nowMs, isAlone, isDiskSound, isClockKept, sent } = this.#around
    const { status, statistics } = this.#engine
    const { reason, lastSyncAt } = status
    if (!isDiskSound) return
    const grown = (name: keyof Statistics): number => statistics[name] - begun.statistics[name]
    if (lastSyncAt === undefined) this.#fail('has completed a round and never synced')
    if (grown('bytesSent') <= 0 || grown('bytesReceived') <= 0) this.#fail('has completed a round without a message')
    if (!isAlone()) return
    if (reason && status.state === 'error') this.#fail(`has completed a round and is in trouble: ${reason.code}`)
    const left = sent()
    const [entries, operations] = [left.entries - begun.sent.entries, left.operations - begun.sent.operations]
    if (pushed > entries) this.#fail(`says that it pushed ${pushed}; ${entries} have left the outbox`)
    if (grown('operationsSent') !== operations)
      this.#fail(`counts ${grown('operationsSent')} operations sent; ${operations} have left the outbox`)
    if (pulled === 0 && grown('operationsReceived') > 0)
      this.#fail('counts operations received and says it pulled none')
    if (!isClockKept) return
    if (lastSyncAt !== undefined && lastSyncAt < begun.atMs) this.#fail('has completed a round and synced before it')
    if (durationMs < 0 || durationMs > nowMs() - begun.atMs) this.#fail(`says that a round took ${durationMs} ms`)
    if (statistics.lastDurationMs !== durationMs)
      this.#fail(`says that a round took ${durationMs} ms and counts ${statistics.lastDurationMs}`)
  }

  #checkRising(): void {
    if (isClosed(this.#engine)) return
    const { statistics } = this.#engine
    const { lastDurationMs: _, ...counts } = statistics
    for (const name of Object.keys(counts) as (keyof Statistics)[]) {
      const before = this.#last[name]
      if (statistics[name] < before && this.#around.isDiskSound)
        this.#fail(`counts ${statistics[name]} ${name}, after ${before}`)
    }
    this.#last = statistics
  }

  /** Whoever asked when so many had begun is told of a later one, and what everybody was told of it. */
  checkAsked(result: SyncResult, begun: number): void {
    if (!this.#around.isAlone() || (!result.ok && UNTOLD.has(result.error.code))) return
    if (!this.#ended.some((told) => told.round > begun && isSame(told.result, result)))
      this.#fail(`tells of a round that nobody else was told of since then: ${JSON.stringify(result)}`)
  }

  /** Whoever waited until all is synced waited for a round that began later, and went well. */
  checkWaited(begun: number): void {
    if (this.#around.isAlone() && !this.#ended.some(({ result, round }) => round > begun && result.ok))
      this.#fail('says it is synced, and no round went well that began since then')
  }

  #fail(what: string): void {
    this.#report(new Violation('M37', `${this.#name} ${what}`))
  }
}

/** The engine was stopped or closed: that is no round. */
const UNTOLD: ReadonlySet<string> = new Set(['aborted', 'closed', 'stopped'])

const isSame = (one: SyncResult, other: SyncResult): boolean =>
  one.ok ? JSON.stringify(one) === JSON.stringify(other) : !other.ok && one.error.code === other.error.code
