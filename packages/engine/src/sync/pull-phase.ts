import { SyncError, toSyncError } from '@whisker/protocol'
import { adoptPage, rescan, showsUnsettled } from '../ledger/answers.ts'
import { rewind } from '../ledger/rewind.ts'
import { takeNewId } from './new-id.ts'
import { pushAll } from './push-phase.ts'
import { reactionTo } from './refusals.ts'
import type { Round } from './round.ts'

/** Going back more often than this in one round, and the server is contradicting itself. */
const MOST_REWINDS = 8

/** Takes in pages until the head. Each page's documents and the cursor are one transaction. */
export async function pullAll(round: Round): Promise<void> {
  const { core, nowMs } = round
  const { space, deviceName, limits } = core.options
  const start = core.ledger.link.cursor.since
  for (;;) {
    const { slot, link } = core.ledger
    try {
      const page = await round.transport.pull(
        {
          space,
          cursor: link.cursor,
          seen: link.seen,
          device: { id: core.store.device, name: deviceName },
          acknowledged: link.wantsOwn ? [] : [{ replica: slot.replica, counter: slot.acknowledged.counter }],
          limit: limits.pageRows,
          waitMs: 0,
        },
        round.request,
      )
      if (page.more && page.after <= link.cursor.after && page.epochs.at(-1)?.id === link.cursor.epoch) {
        throw new SyncError(
          'bad_message',
          `The page after ${link.cursor.after} leads to ${page.after} and promises more.`,
        )
      }
      if (showsUnsettled(core.ledger, page)) {
        await settleOwn(round)
        continue
      }
      adoptPage(core.ledger, page, nowMs())
      await core.commit()
      round.pulled += page.rows.length
      round.tellProgress('pull', Math.max(0, page.after - start), Math.max(0, page.head - start))
      if (!page.more) return
    } catch (thrown) {
      const error = toSyncError(thrown, 'server_error')
      const reaction = reactionTo(error)
      if (error.code === 'forbidden') await startOver(round)
      if (reaction.kind !== 'rewind' || ++round.rewinds > MOST_REWINDS) throw error
      rewind(core.ledger, reaction.refusal.epochs)
      await core.commit()
      await pushAll(round)
    }
  }
}

/** What was granted anew may lie below the cursor, so that access regained begins at the start. */
async function startOver({ core }: Round): Promise<void> {
  rescan(core.ledger)
  await core.commit()
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
  await round.core.commit()
}
