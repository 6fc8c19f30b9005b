import type { PushRequest, Receipt, Refusal, ReplicaChange, ReplicaId, SpaceChanges } from '@whisker/protocol'
import type { LoadedPush } from './load-push.ts'
import { currentEpoch, epochsFrom, newEpochsFrom } from './position.ts'
import type { PreparedPush } from './prepare-push.ts'
import { type PushContext, PushWork } from './push-work.ts'
import { refusalOf } from './refusal.ts'
import { refuseClient } from './refuse-client.ts'
import { ReplicaDraft, lastOf } from './replica-draft.ts'
import { noChanges } from './space-changes.ts'

/** What a push comes to: a refusal, which stores nothing, or a receipt and what it stands for. */
export type PushOutcome =
  | { readonly refusal: Refusal; readonly changes?: never }
  | { readonly receipt: Receipt; readonly changes: SpaceChanges; readonly refusal?: never }

/**
 * The server's side of a push, in this order: whether the client is let in at all, its epochs, the forks, the offers,
 * the entries. It stops at the first problem: what came before is taken, and nothing from there on.
 */
export function takePush(push: PreparedPush, loaded: LoadedPush, context: PushContext): PushOutcome {
  const refusal = refuseWhole(push.request, loaded, context)
  if (refusal) return { refusal }
  const drafts = new Map<ReplicaId, ReplicaDraft>(
    push.request.replicas.map((claim) => {
      const { replica } = claim
      return [replica, new ReplicaDraft(claim, loaded.replicas.get(replica), loaded.checks.get(replica) ?? [])]
    }),
  )
  const forked = [...drafts.values()].filter((draft) => !draft.knows(draft.reached))
  const work = new PushWork(loaded, context, drafts)
  if (forked[0]) work.problem = forked[0].fork()
  else work.run(push)
  if (work.offersObjection !== undefined) {
    const fix = 'Raise the limits of the space on the server.'
    return { refusal: refusalOf('space_full', work.offersObjection, { fix, timeMs: context.nowMs }) }
  }
  const sound = [...drafts.values()].filter((draft) => !forked.includes(draft))
  return {
    receipt: {
      epochs: newEpochsFrom(loaded.space, push.request.cursor.epoch),
      timeMs: context.nowMs,
      acknowledged: sound.map(({ replica, reached }) => ({ replica, counter: reached.counter })),
      from: work.from,
      to: work.head,
      problem: work.problem,
      refusedOffers: work.refusedOffers,
      strategies: work.recordedAmong(push.request.strategies),
    },
    changes: {
      ...noChanges(loaded.space),
      head: work.head,
      highestTime: work.highestTime,
      strategies: work.newStrategies,
      replicas: sound.map((draft) => replicaChange(draft, push.request, loaded, context)),
      ...work.finish(),
    },
  }
}

/** Whether nothing at all of the push is to be taken. A client that has to sort itself out is told how far it came. */
function refuseWhole(request: PushRequest, loaded: LoadedPush, { principal, nowMs }: PushContext): Refusal | undefined {
  const { space, isRevoked } = loaded
  const claimed = request.replicas.map(({ replica }) => ({ replica, row: loaded.replicas.get(replica) }))
  const known = claimed.map(({ row }) => row).filter((row) => row !== undefined)
  const replicas = claimed.map(({ replica, row }) => ({ replica, ...lastOf(row) }))
  const refusal = refuseClient(request, { space, replicas: known, isRevoked }, principal, nowMs)
  const { head } = space
  if (refusal?.reason === 'restored') return { ...refusal, replicas }
  if (refusal) return refusal.reason === 'expired' ? { ...refusal, replicas, head } : refusal
  const outdated = request.replicas.find(({ epoch }) => epoch !== currentEpoch(space))
  if (!outdated) return undefined
  const message = `A replica id writes in one epoch only: ${outdated.replica} is of ${outdated.epoch ?? 'none'}, now it is ${currentEpoch(space)}.`
  const epochs = epochsFrom(space, request.cursor.epoch)
  return refusalOf('new_epoch', message, { epochs, timeMs: nowMs, replicas, head })
}

function replicaChange(
  { replica, last, taken }: ReplicaDraft,
  { device, cursor }: PushRequest,
  { replicas }: LoadedPush,
  { principal, nowMs, limits }: PushContext,
): ReplicaChange {
  const owner = replicas.get(replica)?.principal ?? principal.id
  return {
    row: { replica, principal: owner, device, last, seenMs: nowMs, since: cursor.since, isRetired: false },
    checks: taken.slice(-limits.checksKept),
    forgetUpTo: Math.max(0, last.counter - limits.checksKept),
  }
}
