import {
  type Dot,
  type PushProblem,
  type Reason,
  type Receipt,
  type SyncErrorCode,
  SyncError,
  formatDot,
  sameDot,
  toSyncError,
} from '@whisker/protocol'
import { acknowledgePrefixes, adoptAnswer, adoptReceipt, noteAtHead } from '../ledger/answers.ts'
import { type Push, nextPush } from '../ledger/push.ts'
import { quarantine, quarantineOffer } from '../ledger/quarantine.ts'
import { fallBack } from '../ledger/fall-back.ts'
import { follow } from './follow.ts'
import type { Rejected } from '../ledger/rejected.ts'
import { takeNewId } from './new-id.ts'
import { reactionTo } from './refusals.ts'
import { type Round, commit, whileLeading } from './round.ts'

/** The server found this device's clock ahead this often in one round, though it was set right each time. */
const MOST_RESTAMPS = 8

/**
 * Sends the documents the server lost and the outbox, batch after batch, until nothing is left that is on
 * disk here and not there. What an answer changes is committed before the next request. Of what is written meanwhile
 * one push travels along; the rest is for the next round, or writing without a pause would put off the pull for ever.
 */
export async function pushAll(round: Round): Promise<void> {
  const { core } = round
  const { limits, deviceName, space } = core.options
  const { outbox, offered } = core.ledger
  const until = outbox.lastPosition
  let most = limits.batchOperations
  for (let late = 0; ;) {
    await commit(round)
    if (offered.size === 0 && (outbox.first?.position ?? 0) > until && ++late > 1) return
    const push = nextPush(core.ledger, {
      space,
      device: { id: core.store.device, name: deviceName },
      limits,
      most,
      isStored: (position) => core.committer.isStored(position),
    })
    if (!push || round.blocked) return
    round.pushTotal = Math.max(round.pushTotal, round.pushed + core.ledger.outbox.size)
    try {
      const receipt = await whileLeading(round, round.transport.push(push.request, round.request))
      if (!(await takeReceipt(round, push, receipt))) return
      most = Math.min(limits.batchOperations, most * 2)
    } catch (thrown) {
      most = await takeRefusal(round, push, toSyncError(thrown, 'server_error'))
      if (most === 0) return
    }
  }
}

/** Returns how many entries the next push may have; 0 ends the phase. */
async function takeRefusal(round: Round, push: Push, error: SyncError): Promise<number> {
  const { core, nowMs } = round
  const { batchOperations } = core.options.limits
  const reaction = reactionTo(error)
  switch (reaction.kind) {
    case 'follow':
    case 'reissue': {
      const { refusal } = reaction
      // What the server has of an id from another epoch it had before its current epoch began; of any, by the head.
      const seq = refusal.head ?? refusal.epochs.at(-1)?.began ?? 0
      acknowledgePrefixes(core.ledger, refusal.replicas, seq)
      if (reaction.kind === 'follow') follow(round, refusal)
      else adoptAnswer(core.ledger, { epochs: refusal.epochs, timeMs: refusal.timeMs ?? nowMs() }, seq, nowMs())
      takeNewId(round)
      await commit(round)
      return batchOperations
    }
    case 'split':
      return split(round, push, error)
    case 'stop_pushing':
      round.blocked = error
      return 0
    case 'wait_for_token':
    case 'retry':
      throw error
  }
}

async function split(round: Round, push: Push, error: SyncError): Promise<number> {
  const { entries: sent, offers } = push.request
  const entries = sent.length + offers.length
  if (entries > 1) return Math.max(1, Math.floor(entries / 2))
  const { core, nowMs } = round
  const [item] = push.items
  const [offered] = push.offered
  const reason = { code: error.code, message: error.message }
  if (item && 'dot' in item.entry) tell(round, quarantine(core.ledger, item.entry.dot, reason, nowMs()))
  else if (offered) {
    tell(round, quarantineOffer(core.ledger, { collection: offered.collection, document: offered.id, reason }, nowMs()))
  } else throw error
  await commit(round)
  return core.options.limits.batchOperations
}

/** Returns whether there may be more to push. */
async function takeReceipt(round: Round, push: Push, receipt: Receipt): Promise<boolean> {
  const { core, nowMs } = round
  adoptReceipt(core.ledger, push, receipt, nowMs())
  const taken = push.items.filter(({ position }) => !core.ledger.outbox.has(position)).length
  round.pushed += taken
  if (taken === 0 && push.offered.length === 0 && !receipt.problem) {
    throw new SyncError('bad_message', 'The receipt takes nothing of the push and does not say why.')
  }
  for (const refused of receipt.refusedOffers) tell(round, quarantineOffer(core.ledger, refused, nowMs()))
  const { since, after } = core.ledger.link.cursor
  round.isAtHead = receipt.problem === undefined && since === receipt.to && after === receipt.to
  if (round.isAtHead) noteAtHead(core.ledger, nowMs())
  const goesOn = receipt.problem ? takeProblem(round, receipt.problem, receipt) : true
  await commit(round)
  round.tellProgress('push', round.pushed, Math.max(round.pushTotal, round.pushed))
  return goesOn
}

function takeProblem(round: Round, problem: PushProblem, receipt: Receipt): boolean {
  const { core, nowMs } = round
  switch (problem.code) {
    case 'operation_rejected':
      putAside(round, problem.dot, problem.reason)
      return true
    case 'missing':
      takeMissing(round, problem)
      return true
    case 'clock_ahead':
      countAttempt(round, problem.code)
      fallBack(core.ledger, nowMs())
      return true
    case 'replica_forked':
      acknowledgePrefixes(core.ledger, [{ replica: problem.replica, ...problem.last }], receipt.to)
      takeNewId(round)
      return true
    case 'space_full':
      round.blocked = new SyncError('space_full', problem.message, {
        fix: 'Delete documents or ask for more room; everything here is kept and sent when there is.',
      })
      return false
  }
}

/** The server lacks what the operation stands on: it gets the whole document; if that does not help, the operation goes. */
function takeMissing(round: Round, problem: Extract<PushProblem, { code: 'missing' }>): void {
  const { core } = round
  const document = core.ledger.find(problem.collection, problem.document)
  const again = round.offeredFor.some((dot) => sameDot(dot, problem.dot))
  if (!document || again || document.confirmed.version.length === 0) {
    const message = `The server lacks what ${formatDot(problem.dot)} stands on, and this device cannot supply it.`
    putAside(round, problem.dot, { code: 'missing', message })
    return
  }
  round.offeredFor.push(problem.dot)
  core.ledger.setOffered(document, true)
}

/** What is refused leaves the queue; an answer that names nothing of ours would be asked for again without end. */
function putAside(round: Round, dot: Dot, reason: Reason): void {
  const rejected = quarantine(round.core.ledger, dot, reason, round.nowMs())
  if (rejected.length === 0) {
    throw new SyncError('bad_message', `The server refuses ${formatDot(dot)}, which was not sent.`)
  }
  tell(round, rejected)
}

function countAttempt(round: Round, code: SyncErrorCode): void {
  if (++round.reissues > MOST_RESTAMPS) {
    throw new SyncError(code, "The server finds this device's clock ahead, also after it was set right.")
  }
}

function tell(round: Round, rejected: readonly Rejected[]): void {
  for (const one of rejected) round.core.emitter.emit('operation_rejected', one)
}
