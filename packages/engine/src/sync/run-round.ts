import { pullAll } from './pull-phase.ts'
import { pushAll } from './push-phase.ts'
import { type Round, type RoundStart, newRound } from './round.ts'

/** Runs a round to its end. Throws what ended it early; a refusal to take pushes is returned, after the pull. */
export async function runRound(start: RoundStart): Promise<Round> {
  const round = newRound(start)
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
