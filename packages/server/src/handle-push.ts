import {
  type Clock,
  type DeviceId,
  type Dot,
  type Limits,
  type PushRequest,
  type Receipt,
  type SyncStore,
} from '@whisker/protocol'
import type { Collector } from './collector.ts'
import { loadPush } from './load-push.ts'
import type { Notifier } from './notifier.ts'
import { preparePush } from './prepare-push.ts'
import { refused } from './refusal.ts'
import type { AskRights } from './rights.ts'
import type { ServerMetrics } from './server-metrics.ts'
import type { Principal } from './principal.ts'
import type { Validate } from './server-options.ts'
import { takePush } from './take-push.ts'

export interface PushServices extends AskRights {
  readonly store: SyncStore
  readonly clock: Clock
  readonly limits: Limits
  readonly notifier: Notifier
  readonly collector: Collector
  readonly validate: Validate | undefined
  readonly metrics: ServerMetrics
  /** Told who has just made a space: they may do more in it than a moment ago. */
  forgetRights(principal: Principal, space: string): void
}

/** Told in the transaction that takes a push what it will have acknowledged, if it commits. */
export type Taking = (device: DeviceId, acknowledged: readonly Dot[]) => void

/** Whether the principal may push to the space, which takes another right while there is no such space. */
export async function allowPush(space: string, principal: Principal, services: PushServices): Promise<boolean> {
  const { exists } = await services.store.read(space, (reader) => reader.space())
  await services.allow(principal, space, exists ? 'write' : 'create')
  return exists
}

/** Takes a push in one transaction of its space. The promise resolves when the commit is on disk. */
export async function handlePush(
  request: PushRequest,
  principal: Principal,
  services: PushServices,
  taking?: Taking,
): Promise<Receipt> {
  const { store, clock, limits, notifier, collector, validate, metrics } = services
  const push = preparePush(request, limits)
  for (;;) {
    const allowed = await allowPush(request.space, principal, services)
    const startedMs = clock.now()
    const result = await store.write(request.space, async (transaction) => {
      const { exists, head } = await transaction.space()
      // Somebody made the space meanwhile: the right to do so is not the right to write to it.
      if (exists !== allowed) return undefined
      const loaded = await loadPush(transaction, push, { limits, validates: validate !== undefined })
      const outcome = takePush(push, loaded, { principal, nowMs: clock.now(), limits, validate })
      if (outcome.changes) {
        taking?.(request.device.id, outcome.receipt.acknowledged)
        await transaction.put(outcome.changes)
      }
      return { outcome, head }
    })
    if (!result) continue
    const { outcome, head } = result
    if (outcome.refusal) throw refused(outcome.refusal)
    if (!allowed && outcome.changes) services.forgetRights(principal, request.space)
    metrics.commits.observe(Math.max(0, clock.now() - startedMs))
    metrics.operations.add(outcome.receipt.to - head)
    if (outcome.receipt.to > head) notifier.notify(request.space)
    collector.visit(request.space)
    return outcome.receipt
  }
}
