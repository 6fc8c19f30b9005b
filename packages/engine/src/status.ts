import { type Operation, SyncError, isVoid, wallTimeOf } from '@whisker/protocol'
import type { Core } from './core.ts'
import type { SyncStatus } from './events.ts'
import { isOffline } from './sync/refusals.ts'
import type { SyncLoop } from './sync/sync-loop.ts'

/** What has waited this long, with nothing taken by the server meanwhile, is stuck; in milliseconds. */
export const STUCK_AFTER_MS = 60_000

/** What is going on, worked out from the facts each time: nothing sets it, so nothing can leave it wrong. */
export function statusOf(core: Core, loop: SyncLoop): SyncStatus {
  const { ledger } = core
  const oldest = oldestPending(core)
  const oldestPendingAt = oldest && wallTimeOf(oldest.time)
  const error = reasonOf(core, loop, oldestPendingAt)
  return {
    state: stateOf(core, loop, oldestPendingAt),
    ...(error && { reason: { code: error.code, message: error.message, fix: error.fix } }),
    pending: ledger.outbox.operationCount,
    ...(oldestPendingAt !== undefined && { oldestPendingAt }),
    conflicts: [...core.collections.values()].reduce((sum, { shown }) => sum + shown.conflictCount, 0),
    rejected: ledger.rejected.size,
    everSynced: ledger.link.lastSyncAt !== undefined,
    ...(loop.push && { push: loop.push }),
    ...(loop.pull && { pull: loop.pull }),
    ...(ledger.link.lastSyncAt !== undefined && { lastSyncAt: ledger.link.lastSyncAt }),
    ...(loop.nextRetryAt !== undefined && { nextRetryAt: loop.nextRetryAt }),
    attempt: loop.attempt,
    ...(ledger.link.epochs.length && { clockSkewMs: 0 - ledger.link.clockOffsetMs }),
  }
}

function stateOf(core: Core, loop: SyncLoop, oldestPendingAt: number | undefined): SyncStatus['state'] {
  const error = loop.lastError
  if (!loop.isStarted && !loop.isSyncing) return 'stopped'
  if (error?.code === 'needs_auth') return 'needs_auth'
  if (error ? isOffline(error.code) : loop.isCutOff) return 'offline'
  if (isStuck(core, loop, oldestPendingAt)) return 'stuck'
  if (error) return 'error'
  if (loop.isSyncing) return 'syncing'
  return loop.isLive ? 'live' : 'idle'
}

function isStuck(core: Core, loop: SyncLoop, oldestPendingAt: number | undefined): boolean {
  const { usesOffset, clockOffsetMs } = core.ledger.link
  const now = core.options.clock.now()
  if (!loop.isStarted || oldestPendingAt === undefined) return false
  const age = now + (usesOffset ? clockOffsetMs : 0) - oldestPendingAt
  return age > STUCK_AFTER_MS && now - loop.progressAt > STUCK_AFTER_MS
}

function reasonOf(core: Core, loop: SyncLoop, oldestPendingAt: number | undefined): SyncError | undefined {
  if (loop.lastError) return loop.lastError
  if (loop.isCutOff) {
    return new SyncError('network', 'The live connection to the server was lost.', {
      fix: 'Nothing is to be done: it is made again as soon as that is possible.',
    })
  }
  if (isStuck(core, loop, oldestPendingAt)) {
    return new SyncError('unavailable', 'Changes have waited for more than a minute though the server answers.', {
      fix: 'They are kept and tried again. Look at the log of the server for what becomes of the pushes.',
    })
  }
  return strategyMismatch(core) ?? core.mergeFailure
}

/** Devices that look at a collection in different ways see different documents, though they hold the same. */
function strategyMismatch(core: Core): SyncError | undefined {
  for (const [name, { shown }] of core.collections) {
    const recorded = Object.hasOwn(core.ledger.link.strategies, name) ? core.ledger.link.strategies[name] : undefined
    if (!recorded || recorded === shown.strategy) continue
    return new SyncError('strategy_mismatch', `"${name}" is ${recorded} in this space and ${shown.strategy} here.`, {
      fix: `Configure the collection as ${recorded} on every device.`,
    })
  }
  return undefined
}

function oldestPending(core: Core): Operation | undefined {
  for (const { entry } of core.ledger.outbox.items()) if (!isVoid(entry)) return entry
  return undefined
}
