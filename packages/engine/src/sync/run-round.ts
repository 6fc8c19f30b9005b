import { SyncError, isSyncError } from '@whisker/protocol'
import { takeNewId } from './new-id.ts'
import { pullAll } from './pull-phase.ts'
import { pushAll } from './push-phase.ts'
import { type Round, type RoundStart, commit, newRound } from './round.ts'

/** Runs a round to its end. Throws what ended it early; a refusal to take pushes is returned, after the pull. */
export async function runRound(start: RoundStart): Promise<Round> {
  const round = newRound(start)
  const { ledger } = round.core
  await takeInOthers(round)
  await commit(round)
  if ([...ledger.slots.values()].some(({ epoch }) => epoch === undefined)) await makeContact(round)
  await pushAll(round)
  // A receipt that moved the cursor to the head says that nobody else wrote.
  if (!round.isAtHead) await pullAll(round)
  return round
}

/** Whoever asked for this round may know of writes of other openings that this one was not told of yet. */
async function takeInOthers({ core }: Round): Promise<void> {
  if (await core.committer.catchUp()) return
  throw new SyncError('store_failed', 'What other openings of the store wrote could not be read.', {
    fix: 'Look at the disk; the round is tried again.',
  })
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
