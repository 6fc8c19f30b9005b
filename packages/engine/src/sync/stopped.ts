import { SyncError } from '@whisker/protocol'

/** Why nothing is synced. */

export const stoppedError = (): SyncError =>
  new SyncError('stopped', 'Syncing is stopped.', { fix: 'Call start(), or syncNow() for a single round.' })

export const noTransportError = (): SyncError =>
  new SyncError('no_transport', 'This engine was opened without a transport: it is local only.', {
    fix: 'Pass `transport` to SyncEngine.open.',
  })
