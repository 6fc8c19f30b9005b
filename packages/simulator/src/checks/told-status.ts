import type { SyncEngine, SyncErrorCode, SyncStatus } from '@whisker/engine'
import type { Docs } from '../workload/documents.ts'
import { conflictsOf, isClosed } from './onlooker.ts'
import type { Surroundings } from './surroundings.ts'
import { Violation } from './violation.ts'

/** An app that believes of the status what it was told of it last. */
export class ToldStatus {
  readonly #name: string
  readonly #engine: SyncEngine<Docs>
  readonly #around: Surroundings
  #told: SyncStatus
  /** All that it ever listed as refused: the disk may not know of it yet. */
  readonly #refused = new Set<string>()

  constructor(name: string, engine: SyncEngine<Docs>, around: Surroundings, report: (violation: Violation) => void) {
    this.#name = name
    this.#engine = engine
    this.#around = around
    this.#told = engine.status
    engine.on('status_changed', (status) => {
      if (isClosed(engine)) return
      for (const wrong of [wrongIn(status), this.#wrongNow(status)].filter((one) => one !== undefined))
        report(new Violation('M36', `${name} tells that ${wrong}: ${JSON.stringify(status)}`))
      this.#told = status
    })
  }

  /** What of a status is not so at the moment at which it is told. */
  #wrongNow({ pending, rejected, conflicts, lastSyncAt }: SyncStatus): string | undefined {
    const { nowMs, isClockKept, isDiskSound, isAlone, hasUnsent } = this.#around
    const refused = this.#engine.rejected.list().map(({ id }) => id)
    for (const id of refused) this.#refused.add(id)
    const is = { rejected: refused.length, conflicts: conflictsOf(this.#engine).size }
    if (rejected !== is.rejected) return `${rejected} are refused, and ${is.rejected} are`
    if (conflicts !== is.conflicts) return `${conflicts} places are in conflict, and ${is.conflicts} are`
    if (isAlone() && pending === 0 && hasUnsent(this.#refused))
      return 'nothing is to be sent, and the disk holds something'
    if (lastSyncAt === undefined || !isClockKept) return undefined
    if (lastSyncAt > nowMs()) return 'it will have synced later'
    const { lastSyncAt: before = 0 } = this.#told
    // Of several, one alone knows it by itself; the others what it has stored.
    return isDiskSound && isAlone() && lastSyncAt < before ? 'it has synced earlier than it had before' : undefined
  }

  /** Once nothing is under way: what was told last is so. */
  check(): void {
    const { status } = this.#engine
    const { operations, clockAheadMs, isWayPrompt } = this.#around
    const [told, is] = [JSON.stringify(this.#told), JSON.stringify(status)]
    if (told !== is) throw new Violation('M31', `${this.#name} told ${told}, and is ${is}`)
    if (status.pending !== operations())
      throw new Violation(
        'M31',
        `${this.#name} tells of ${status.pending} operations to send; there are ${operations()}`,
      )
    const { clockSkewMs = Infinity } = status
    if (isWayPrompt && Math.abs(clockSkewMs - clockAheadMs()) > LONGEST_WAY_MS) {
      throw new Violation(
        'M36',
        `${this.#name} tells that its clock is ${clockSkewMs} ms ahead, and it is ${clockAheadMs()}`,
      )
    }
  }
}

/** How long an answer may be under way, when nothing goes wrong: so far is its time off when it arrives. */
const LONGEST_WAY_MS = 1000

/** These are told though all goes well otherwise. */
const HARMLESS: ReadonlySet<SyncErrorCode> = new Set(['strategy_mismatch', 'merge_failed'])
const AT_EASE: ReadonlySet<SyncStatus['state']> = new Set(['idle', 'live', 'syncing'])
const OFFLINE: ReadonlySet<SyncErrorCode> = new Set(['network', 'timeout'])

/** What of a status does not fit together. */
export function wrongIn(status: SyncStatus): string | undefined {
  const { state, reason, pending, oldestPendingAt, everSynced, lastSyncAt, nextRetryAt, attempt, push, pull } = status
  const trouble = reason && !HARMLESS.has(reason.code) ? reason.code : undefined
  if (AT_EASE.has(state)) {
    if (trouble !== undefined) return `it is ${state} beside ${trouble}`
    if (nextRetryAt !== undefined || attempt > 0) return `it is ${state} and about to try again`
  } else if (state !== 'stopped') {
    if (trouble === undefined) return `it is ${state} for no reason`
    const isFitting =
      (state === 'offline') === OFFLINE.has(trouble) && (state === 'needs_auth') === (trouble === 'needs_auth')
    if (!isFitting) return `it is ${state} because of ${trouble}`
  }
  if (pending > 0 !== (oldestPendingAt !== undefined)) return 'something waits, and nothing does'
  if (everSynced !== (lastSyncAt !== undefined)) return 'it has synced, and has not'
  if (push && push.done > push.total) return 'more was sent than there is'
  if (pull && pull.total !== undefined && pull.done > pull.total) return 'more was fetched than there is'
  return undefined
}
