import { type Dot, type Page, SyncError, toSyncError } from '@whisker/protocol'
import { adoptPage, showsUnsettled } from '../ledger/answers.ts'
import type { Link } from '../ledger/records.ts'
import { rescan } from '../ledger/scan.ts'
import { follow } from './follow.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { takeNewId } from './new-id.ts'
import { pushAll } from './push-phase.ts'
import { reactionTo } from './refusals.ts'
import { type Round, commit, whileLeading } from './round.ts'

/** Going back more often than this in one round, and the server is contradicting itself. */
const MOST_REWINDS = 8

/** Takes in pages until the head. Each page's documents and the cursor are one transaction. */
export async function pullAll(round: Round): Promise<void> {
  const { core, nowMs } = round
  const { space, deviceName, limits } = core.options
  const start = core.ledger.link.cursor.since
  for (;;) {
    const { link } = core.ledger
    try {
      const pulled = round.transport.pull(
        {
          space,
          cursor: link.cursor,
          seen: link.seen,
          device: { id: core.store.device, name: deviceName },
          acknowledged: acknowledgedBy(core.ledger),
          limit: limits.pageRows,
          waitMs: 0,
        },
        round.request,
      )
      const page = await whileLeading(round, pulled)
      checkPage(page, link)
      if (showsUnsettled(core.ledger, page)) {
        await settleOwn(round)
        continue
      }
      adoptPage(core.ledger, page, nowMs())
      await commit(round)
      round.pulled += page.rows.length
      round.tellProgress('pull', Math.max(0, page.after - start), Math.max(0, page.head - start))
      if (!page.more) return
    } catch (thrown) {
      const error = toSyncError(thrown, 'server_error')
      const reaction = reactionTo(error)
      if (error.code === 'forbidden') await startOver(round)
      if (reaction.kind !== 'follow' || ++round.rewinds > MOST_REWINDS) throw error
      follow(round, reaction.refusal)
      // An id that was away too long is taken no more; with nothing to push, nobody else would say so.
      if (reaction.refusal.reason === 'expired' && core.ledger.outbox.size === 0) takeNewId(round)
      await commit(round)
      await pushAll(round)
    }
  }
}

function checkPage({ more, after, head, epochs }: Page, { cursor, seen }: Link): void {
  if (more && after <= cursor.after && (epochs.at(-1)?.id ?? cursor.epoch) === cursor.epoch) {
    throw new SyncError('bad_message', `The page after ${cursor.after} leads to ${after} and promises more.`)
  }
  if (head >= seen) return
  // Its states would take back what receipts have confirmed since.
  throw new SyncError('bad_message', `The page is of ${head}, though ${seen} was told before.`, {
    fix: 'See to it that nothing on the way to the server caches answers.',
  })
}

/** What need not come back, by writer; this opening's own is named first, for it is the one that asks. */
function acknowledgedBy(ledger: Ledger): readonly Dot[] {
  const { slot, slots, link } = ledger
  const replicas = [...slots.values()].map(({ replica }) => replica)
  return [slot.replica, ...replicas.filter((replica) => replica !== slot.replica)]
    .map((replica) => ({ replica, counter: link.wantsOwn ? 0 : ledger.acknowledgedOf(replica).counter }))
    .filter(({ replica, counter }) => counter > 0 || replica === slot.replica)
}

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
