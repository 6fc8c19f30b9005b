import { type Dot, type RequestOptions, SyncError, type Transport } from '@whisker/protocol'
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
  /** Whether the last receipt showed the cursor to stand at the head. */
  isAtHead: boolean
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
  isAtHead: false,
  blocked: undefined,
  reissues: 0,
  rewinds: 0,
  offeredFor: [],
  settled: false,
})

/**
 * Waits for an answer, and goes on only if this opening still leads and memory is still what the request was made
 * from: else whoever leads now has asked for itself.
 */
export async function whileLeading<T>({ core }: Round, request: Promise<T>): Promise<T> {
  const { rebases } = core.committer
  const [answer] = await Promise.allSettled([request])
  if (!core.ledger.isLeader || core.committer.rebases !== rebases) throw movedError()
  if (answer.status === 'rejected') throw answer.reason
  return answer.value
}

/** Brings to disk what an answer changed. */
export async function commit({ core }: Pick<Round, 'core'>): Promise<void> {
  const { rebases } = core.committer
  await core.commit()
  if (core.committer.rebases !== rebases) throw movedError()
}

const movedError = (): SyncError =>
  new SyncError('store_moved', 'Another opening of this store took the lead, or changed what was being committed.')
