import { SyncError, type SyncErrorCode } from '@whisker/protocol'
import type { SyncResult } from '../events.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { LastRound } from '../ledger/records.ts'

type Facts = Pick<LastRound, 'pushed' | 'pulled' | 'durationMs' | 'error'>

/** How a round ended, for the openings of the store that did not run it. */
export function factsOf(result: SyncResult, durationMs: number): Facts {
  if (result.ok) return { pushed: result.pushed, pulled: result.pulled, durationMs, error: undefined }
  const { code, message, fix } = result.error
  return { pushed: 0, pulled: 0, durationMs, error: { code, message, fix } }
}

export function resultOf({ pushed, pulled, durationMs, error }: LastRound): SyncResult {
  if (!error) return { ok: true, pushed, pulled, durationMs }
  return { ok: false, error: new SyncError(error.code as SyncErrorCode, error.message, { fix: error.fix }) }
}

/** Whether a round ended because it was told to. */
export const wasStopped = (result: SyncResult): boolean => !result.ok && result.error.code === 'aborted'

/** Whether a round ended because another opening of the store has taken the lead. */
export const wasDeposed = (result: SyncResult, { isLeader }: Pick<Ledger, 'isLeader'>): boolean =>
  !result.ok && result.error.code === 'store_moved' && !isLeader
