import type { SyncStatus } from '@whisker/engine'
import { expect, test } from 'vitest'
import { wrongIn } from './told-status.ts'

const GOOD: SyncStatus = {
  state: 'idle',
  pending: 0,
  conflicts: 0,
  rejected: 0,
  everSynced: true,
  lastSyncAt: 1,
  attempt: 0,
}
const reason = (code: 'network' | 'needs_auth' | 'disk_full' | 'strategy_mismatch'): Pick<SyncStatus, 'reason'> => ({
  reason: { code, message: 'No.' },
})

test('a status that fits together', () => {
  expect(wrongIn(GOOD)).toBeUndefined()
  expect(wrongIn({ ...GOOD, state: 'live', ...reason('strategy_mismatch') })).toBeUndefined()
  expect(wrongIn({ ...GOOD, state: 'offline', ...reason('network'), attempt: 1, nextRetryAt: 2 })).toBeUndefined()
  expect(wrongIn({ ...GOOD, state: 'stopped', ...reason('network'), attempt: 1 })).toBeUndefined()
})

test('nobody is at ease beside an error, or about to try again', () => {
  expect(wrongIn({ ...GOOD, ...reason('network') })).toBe('it is idle beside network')
  expect(wrongIn({ ...GOOD, state: 'live', ...reason('disk_full') })).toBe('it is live beside disk_full')
  expect(wrongIn({ ...GOOD, attempt: 1 })).toBe('it is idle and about to try again')
  expect(wrongIn({ ...GOOD, nextRetryAt: 2 })).toBe('it is idle and about to try again')
})

test('trouble has a reason, and one that fits', () => {
  expect(wrongIn({ ...GOOD, state: 'error' })).toBe('it is error for no reason')
  expect(wrongIn({ ...GOOD, state: 'error', ...reason('network') })).toBe('it is error because of network')
  expect(wrongIn({ ...GOOD, state: 'offline', ...reason('disk_full') })).toBe('it is offline because of disk_full')
  expect(wrongIn({ ...GOOD, state: 'offline', ...reason('needs_auth') })).toBe('it is offline because of needs_auth')
})

test('what waits has a time, and whoever has synced did so at one', () => {
  expect(wrongIn({ ...GOOD, pending: 1 })).toBe('something waits, and nothing does')
  expect(wrongIn({ ...GOOD, oldestPendingAt: 1 })).toBe('something waits, and nothing does')
  expect(wrongIn({ ...GOOD, everSynced: false })).toBe('it has synced, and has not')
})

test('no more is done than there is', () => {
  expect(wrongIn({ ...GOOD, push: { done: 2, total: 1 } })).toBe('more was sent than there is')
  expect(wrongIn({ ...GOOD, pull: { done: 2, total: 1 } })).toBe('more was fetched than there is')
})
