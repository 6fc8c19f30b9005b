import { SyncError, type SyncErrorCode } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../testing/seeded-random.ts'
import { retryDelay } from '@whisker/protocol/transport'
import { type Reaction, isOffline, reactionTo } from './refusals.ts'

/** Total: a code that is new to the protocol does not compile until it is decided here what it means. */
const REACTIONS: Record<SyncErrorCode, Reaction['kind']> = {
  document_exists: 'retry',
  document_not_found: 'retry',
  unknown_collection: 'retry',
  invalid_value: 'retry',
  invalid_id: 'retry',
  document_too_large: 'retry',
  operation_too_large: 'retry',
  ambiguous_conflict: 'retry',
  conflict_not_found: 'retry',
  invalid_options: 'retry',
  closed: 'retry',
  stopped: 'retry',
  no_transport: 'retry',
  aborted: 'retry',
  pending_work: 'retry',
  strategy_mismatch: 'retry',
  merge_failed: 'retry',
  store_failed: 'retry',
  store_in_use: 'retry',
  store_moved: 'retry',
  store_damaged: 'retry',
  store_newer: 'retry',
  store_foreign: 'retry',
  sqlite_unsafe: 'retry',
  disk_full: 'retry',
  insecure_context: 'retry',
  no_indexeddb: 'retry',
  network: 'retry',
  timeout: 'retry',
  insecure_url: 'retry',
  bad_message: 'retry',
  bad_request: 'retry',
  unsupported_version: 'retry',
  needs_auth: 'wait_for_token',
  forbidden: 'stop_pushing',
  wrong_principal: 'stop_pushing',
  too_large: 'split',
  space_full: 'stop_pushing',
  rate_limited: 'retry',
  unavailable: 'retry',
  server_error: 'retry',
  resync: 'follow',
  new_epoch: 'reissue',
  replica_forked: 'retry',
  missing: 'retry',
  clock_ahead: 'retry',
  operation_rejected: 'retry',
}

const refusal = { epochs: [], replicas: [] }

describe('a refused request', () => {
  test('means what its code says, for every code', () => {
    for (const [code, kind] of Object.entries(REACTIONS)) {
      const error = new SyncError(code as SyncErrorCode, 'No.', { details: { refusal } })
      expect([code, reactionTo(error).kind]).toEqual([code, kind])
    }
  })

  test('is tried again when its code is unknown, or when it lacks what the reaction needs', () => {
    for (const code of ['teapot', 'resync', 'new_epoch']) {
      expect(reactionTo(new SyncError(code as SyncErrorCode, 'No.')).kind).toBe('retry')
    }
  })

  test('is offline only when there was no answer', () => {
    const offline = Object.keys(REACTIONS).filter((code) => isOffline(code as SyncErrorCode))
    expect(offline).toEqual(['network', 'timeout'])
  })
})

test('the delay is full jitter over a window from one second to sixty, with Retry-After as its floor', () => {
  const random = seededRandom(1)
  for (let attempt = 1; attempt < 200; attempt++) {
    const window = Math.min(60_000, 1000 * 2 ** (attempt - 1))
    const delay = retryDelay(attempt, 'network', undefined, random)
    expect(delay).toBeGreaterThanOrEqual(50)
    expect(delay).toBeLessThanOrEqual(window)
    expect(retryDelay(attempt, 'needs_auth', undefined, random)).toBeLessThanOrEqual(8000)
    const told = retryDelay(attempt, 'rate_limited', 5000, random)
    expect(told).toBeGreaterThanOrEqual(5000)
    expect(told).toBeLessThanOrEqual(6000)
    expect(retryDelay(attempt, 'rate_limited', 3_600_000, random)).toBeLessThanOrEqual(61_000)
  }
})
