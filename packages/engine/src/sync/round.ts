import type { Dot, RequestOptions, SyncError, Transport } from '@whisker/protocol'
import type { Core } from '../core.ts'
import type { SyncProgress } from '../events.ts'
import { pullAll } from './pull-phase.ts'
import { pushAll } from './push-phase.ts'

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
  /** Operations whose document was already offered in this round. */
  readonly offeredFor: Dot[]
  settled: boolean
}

/** Runs a round to its end. Throws what ended it early; a refusal to take pushes is returned, after the pull. */
export async function runRound(
  start: Pick<Round, 'core' | 'transport' | 'request' | 'nowMs' | 'tellProgress'>,
): Promise<Round> {
  const round: Round = {
    ...start,
    pushed: 0,
    pushTotal: 0,
    pulled: 0,
    blocked: undefined,
    reissues: 0,
    offeredFor: [],
    settled: false,
  }
  const { ledger } = round.core
  await round.core.commit()
  // Before first contact nothing was ever sent, so the epoch can be learned before the id is used in it.
  if (ledger.link.epochs.length === 0) await pullAll(round)
  if (ledger.slot.epoch === undefined && ledger.slot.acknowledged.counter === 0) {
    ledger.setSlot({ epoch: ledger.link.epochs.at(-1)?.id })
  }
  await pushAll(round)
  await pullAll(round)
  return round
}
