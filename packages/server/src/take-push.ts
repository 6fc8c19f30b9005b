import type { PushRequest, Receipt, Refusal, ReplicaChange, ReplicaId, SpaceChanges } from '@whisker/protocol'
import type { LoadedPush } from './load-push.ts'
import { currentEpoch, epochsFrom, isAheadOf } from './position.ts'
import type { PreparedPush } from './prepare-push.ts'
import { type PushContext, PushWork } from './push-work.ts'
import { refusalOf } from './refusal.ts'
import { ReplicaDraft, lastOf } from './replica-draft.ts'

/** What a push comes to: a refusal, which stores nothing, or a receipt and what it stands for. */
export type PushOutcome =
  | { readonly refusal: Refusal; readonly changes?: never }
  | { readonly receipt: Receipt; readonly changes: SpaceChanges; readonly refusal?: never }

/**
 * The server's side of a push, in this order: the principal, the epoch, the forks, the offers, the entries. It stops
 * at the first problem: what came before is taken, and nothing from there on.
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
  const sound = [...drafts.values()].filter((draft) => !forked.includes(draft))
  return {
    receipt: {
      epochs: epochsFrom(loaded.space, push.request.cursor.epoch),
      timeMs: context.nowMs,
      acknowledged: sound.map(({ replica, reached }) => ({ replica, counter: reached.counter })),
      from: work.from,
      to: work.head,
      problem: work.problem,
      refusedOffers: work.refusedOffers,
      strategies: work.recordedAmong(push.request.strategies),
    },
    changes: {
      head: work.head,
      highestTime: work.highestTime,
      collected: loaded.space.collected,
      strategies: work.newStrategies,
      replicas: sound.map((draft) => replicaChange(draft, push.request, loaded, context)),
      documents: work.documentChanges(),
    },
  }
}

/** Whether this is a server of another history, or a stranger to one of the replicas: then it takes nothing at all. */
function refuseWhole(
  request: PushRequest,
  { space, replicas }: LoadedPush,
  { principal, nowMs }: PushContext,
): Refusal | undefined {
  const known = request.replicas.map(({ replica }) => ({ replica, row: replicas.get(replica) }))
  const foreign = known.find(({ row }) => row && row.principal !== principal.id)
  if (foreign) {
    return refusalOf('wrong_principal', `The replica ${foreign.replica} was first used by another principal.`, {
      fix: 'Sign in as whoever wrote the pending work.',
    })
  }
  const extra = {
    epochs: epochsFrom(space, request.cursor.epoch),
    timeMs: nowMs,
    replicas: known.map(({ replica, row }) => ({ replica, ...lastOf(row) })),
  }
  if (isAheadOf(space, request)) {
    const message = 'The server does not hold all that this client was told; its database was restored or replaced.'
    return refusalOf('resync', message, { ...extra, reason: 'restored' })
  }
  const outdated = request.replicas.find(({ epoch }) => epoch !== currentEpoch(space))
  if (!outdated) return undefined
  const message = `A replica id writes in one epoch only: ${outdated.replica} is of ${outdated.epoch ?? 'none'}, now it is ${currentEpoch(space)}.`
  return refusalOf('new_epoch', message, extra)
}

function replicaChange(
  { replica, last, taken }: ReplicaDraft,
  { device, cursor }: PushRequest,
  { replicas }: LoadedPush,
  { principal, nowMs, limits }: PushContext,
): ReplicaChange {
  const owner = replicas.get(replica)?.principal ?? principal.id
  return {
    row: { replica, principal: owner, device, last, seenMs: nowMs, since: cursor.since },
    checks: taken.slice(-limits.checksKept),
    forgetUpTo: Math.max(0, last.counter - limits.checksKept),
  }
}
