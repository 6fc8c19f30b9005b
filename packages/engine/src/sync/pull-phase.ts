import { type Page, SyncError, mintReplicaId, toSyncError } from '@whisker/protocol'
import { adoptPage, showsUnsettled } from '../ledger/answers.ts'
import type { Link } from '../ledger/records.ts'
import { type Finding, checkDigest } from '../ledger/repair.ts'
import { rescan } from '../ledger/scan.ts'
import { follow } from './follow.ts'
import { takeNewId } from './new-id.ts'
import { positionOf } from './position.ts'
import { pushAll } from './push-phase.ts'
import { reactionTo } from './refusals.ts'
import { type Round, commit, whileLeading } from './round.ts'

/** Going back more often than this in one round, and the server is contradicting itself. */
const MOST_REWINDS = 8

/** Takes in pages until the head. Each page's documents and the cursor are one transaction. */
export async function pullAll(round: Round): Promise<void> {
  const { core, nowMs } = round
  const start = core.ledger.link.cursor.since
  let next: Asked | undefined
  for (;;) {
    try {
      const asked = next ?? ask(round)
      next = undefined
      const page = await whileLeading(round, asked.answer)
      checkPage(page, asked)
      if (showsUnsettled(core.ledger, page)) {
        await settleOwn(round)
        continue
      }
      adoptPage(core.ledger, page, nowMs())
      const finding = checkDigest(core.ledger, page, nowMs())
      // The server reads the next page while this one is stored: from memory, which is given up if the commit fails.
      if (page.more) next = ask(round)
      await commit(round)
      round.pulled += page.rows.length
      round.tellProgress('pull', Math.max(0, page.after - start), Math.max(0, page.head - start))
      tellFinding(round, finding, page)
      if (!page.more && !(await goesOn(round, finding))) return
    } catch (thrown) {
      next = undefined
      const error = toSyncError(thrown, 'server_error')
      const reaction = reactionTo(error)
      if (error.code === 'forbidden') await startOver(round)
      if (reaction.kind !== 'follow' || ++round.rewinds > MOST_REWINDS) throw error
      follow(round, reaction.refusal)
      // An id that was away too long is taken no more; with nothing that may be pushed, nobody else would say so.
      const pushesNothing = core.ledger.outbox.size === 0 || round.blocked !== undefined
      if (reaction.refusal.reason === 'expired' && pushesNothing) takeNewId(round)
      await commit(round)
      await pushAll(round)
    }
  }
}

/** A request for a page, and where this store stood when it was made. */
interface Asked {
  readonly link: Link
  readonly nonce: string
  readonly answer: Promise<Page>
}

function ask({ core, transport, request }: Round): Asked {
  const { link } = core.ledger
  const { limits, random } = core.options
  const nonce = mintReplicaId(random)
  const recount = link.repair === 'recount' || undefined
  const answer = transport.pull({ ...positionOf(core), limit: limits.pageRows, waitMs: 0, recount, nonce }, request)
  // If the commit that runs meanwhile fails, nobody waits for it.
  answer.catch(() => {})
  return { link, nonce, answer }
}

function tellFinding({ core }: Round, finding: Finding, { digest }: Page): void {
  if (finding !== 'mismatch' && finding !== 'repaired') return
  const event = { documents: core.ledger.digest.documents, serverDocuments: digest?.documents ?? 0 }
  core.emitter.emit(finding === 'mismatch' ? 'mismatch_detected' : 'mismatch_repaired', event)
}

/** At the head: whether there is more to pull, because of a difference that is being repaired. */
async function goesOn(round: Round, finding: Finding): Promise<boolean> {
  const { offered } = round.core.ledger
  if (offered.size > 0) await pushAll(round)
  if (finding === 'nothing' || finding === 'repaired') return false
  // What is left was not taken, and would be asked for without end.
  return offered.size === 0
}

function checkPage({ more, after, head, epochs, nonce }: Page, asked: Asked): void {
  const { cursor, seen } = asked.link
  // An earlier answer may look like the end of a scan, and what it does not show like something that is gone.
  if (nonce !== asked.nonce) {
    throw new SyncError('bad_message', 'The page answers another request than the one that was made.', {
      fix: NO_CACHE,
    })
  }
  if (more && after <= cursor.after && (epochs.at(-1)?.id ?? cursor.epoch) === cursor.epoch) {
    throw new SyncError('bad_message', `The page after ${cursor.after} leads to ${after} and promises more.`)
  }
  if (head >= seen) return
  // Its states would take back what receipts have confirmed since.
  throw new SyncError('bad_message', `The page is of ${head}, though ${seen} was told before.`, {
    fix: NO_CACHE,
  })
}

const NO_CACHE = 'See to it that nothing on the way to the server caches answers.'

/** What was granted anew may lie below the cursor, so that access regained begins at the start. */
async function startOver(round: Round): Promise<void> {
  rescan(round.core.ledger)
  await commit(round)
}

/**
 * The server knows more of this replica than this store does: a receipt was lost, or another copy of this
 * store goes under the same id. Pushing tells which; with nothing to push, a new id keeps the two apart.
 */
async function settleOwn(round: Round): Promise<void> {
  const { ledger } = round.core
  if (ledger.outbox.size > 0 && !round.settled) {
    round.settled = true
    await pushAll(round)
    return
  }
  takeNewId(round)
  await commit(round)
}
