import { isSyncError } from '@whisker/protocol'
import { takeNewId } from './new-id.ts'
import { pullAll } from './pull-phase.ts'
import { pushAll } from './push-phase.ts'
import { type Round, type RoundStart, commit, newRound } from './round.ts'

/** Runs a round to its end. Throws what ended it early; a refusal to take pushes is returned, after the pull. */
export async function runRound(start: RoundStart): Promise<Round> {
  const round = newRound(start)
  const { ledger } = round.core
  await commit(round)
  if ([...ledger.slots.values()].some(({ epoch }) => epoch === undefined)) await makeContact(round)
  await pushAll(round)
  // A receipt that moved the cursor to the head says that nobody else wrote.
  if (!round.isAtHead) await pullAll(round)
  return round
}

/**
 * Learns the server's epoch and takes an id of its own for it: a store that was copied before it ever
 * synced must not have two writers under one id.
 */
async function makeContact(round: Round): Promise<void> {
  try {
    if (round.core.ledger.link.epochs.length === 0) await pullAll(round)
  } catch (thrown) {
    // A space that is yet to be made may be closed to readers; the push will tell the epoch.
    if (!isSyncError(thrown) || thrown.code !== 'forbidden') throw thrown
  }
  if (round.core.ledger.link.epochs.length > 0) takeNewId(round)
}
