import type { Dot, RequestOptions, SyncError, Transport } from '@whisker/protocol'
import type { Core } from '../core.ts'
import type { SyncProgress } from '../events.ts'

/** One sync round: push the outbox in order, then pull until the head. */
export interface Round {
  readonly core: Core
  readonly transport: Transport
  readonly request: RequestOptions
  readonly nowMs: () => number
  readonly tellProgress: (phase: SyncProgress['phase'], done: number, total: number) => void
  pushed: number
  pushTotal: number
  pulled: number
  /** Why nothing more is pushed in this round. */
  blocked: SyncError | undefined
  /** New ids and times taken in this round. */
  reissues: number
  /** How often this round followed a server that lost something. */
  rewinds: number
  /** Operations whose document was already offered in this round. */
  readonly offeredFor: Dot[]
  /** Whether it has pushed to find out what became of operations that a page showed as taken. */
  settled: boolean
}

/** What the loop gives a round to run with. */
export type RoundStart = Pick<Round, 'core' | 'transport' | 'request' | 'nowMs' | 'tellProgress'>

export const newRound = (start: RoundStart): Round => ({
  ...start,
  pushed: 0,
  pushTotal: 0,
  pulled: 0,
  blocked: undefined,
  reissues: 0,
  rewinds: 0,
  offeredFor: [],
  settled: false,
})
