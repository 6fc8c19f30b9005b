import { type Transport, isSyncError, toSyncError } from '@whisker/protocol'
import type { Core } from '../core.ts'
import type { SyncProgress, SyncResult } from '../events.ts'
import { takeLead } from './lead.ts'
import { runRound } from './run-round.ts'

export interface Attempt {
  readonly core: Core
  readonly transport: Transport
  readonly signal: AbortSignal
  readonly tellProgress: (phase: SyncProgress['phase'], done: number, total: number) => void
}

export interface Attempted {
  readonly result: SyncResult
  /** The store's revision when the round began. */
  readonly revision: number
}

/** A round whose commits meet those of other openings is begun again this often. */
const MOST_MOVES = 5

/** Runs a round to whatever end. Never rejects. */
export async function attemptRound(attempt: Attempt): Promise<Attempted> {
  const { core, signal } = attempt
  const startedAt = core.options.clock.now()
  for (let moves = 1; ; moves++) {
    const { revision } = core.committer
    try {
      return { result: await oneRound(attempt, startedAt), revision }
    } catch (thrown) {
      const isMoved = isSyncError(thrown) && thrown.code === 'store_moved'
      if (isMoved && moves < MOST_MOVES && !signal.aborted && (await leads(core))) continue
      return { result: { ok: false, error: toSyncError(thrown, 'server_error') }, revision }
    }
  }
}

async function oneRound({ core, transport, signal, tellProgress }: Attempt, startedAt: number): Promise<SyncResult> {
  const { ledger, options } = core
  const nowMs = (): number => options.clock.now()
  const { blocked, pushed, pulled } = await runRound({
    core,
    transport,
    nowMs,
    tellProgress,
    request: {
      signal,
      meter: (direction, bytes) => ledger.count(direction === 'sent' ? { bytesSent: bytes } : { bytesReceived: bytes }),
    },
  })
  return blocked ? { ok: false, error: blocked } : { ok: true, pushed, pulled, durationMs: nowMs() - startedAt }
}

const leads = async (core: Core): Promise<boolean> => takeLead(core).catch(() => false)
