import { SyncError, type SyncErrorCode, isSyncError } from '@whisker/protocol'

interface Meaning {
  readonly code: SyncErrorCode
  readonly what: string
  readonly fix: string
}

/** By the name of what the browser throws. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  QuotaExceededError: {
    code: 'disk_full',
    what: 'The browser has no more room for this site',
    fix: 'Free some space on the device, then write again. Nothing that was stored is lost.',
  },
  VersionError: {
    code: 'store_newer',
    what: 'A newer version of this app has written to the store',
    fix: 'Load the page anew.',
  },
  SecurityError: {
    code: 'store_failed',
    what: 'The browser keeps nothing for this page',
    fix: 'Allow cookies and site data for it; a page embedded in another site may have to be opened by itself.',
  },
}

const UNKNOWN: Meaning = {
  code: 'store_failed',
  what: 'The browser failed to read or write',
  fix: 'It is tried again. If that does not help, close the other tabs of this site, or the browser, and open it again.',
}

export const nameOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.name : '')

/** Whatever a transaction was rejected with: browsers abort some without any reason. */
export function toStoreError(thrown: unknown, database: string): SyncError {
  if (isSyncError(thrown)) return thrown
  const { code, what, fix } = MEANINGS[nameOf(thrown)] ?? UNKNOWN
  const why = thrown instanceof Error ? `${thrown.name}: ${thrown.message}`.replace(/: $/, '') : 'it gave no reason'
  return new SyncError(code, `${what} (database "${database}"; ${why.replace(/\.$/, '')}).`, { fix, cause: thrown })
}

export const movedOn = (space: string, expected: number, stored: number): SyncError =>
  new SyncError('store_moved', `Expected the space "${space}" at revision ${expected}, found ${stored}.`, {
    fix: 'Take in what changed since, then commit again.',
    details: { expected, stored },
  })

export const closedError = (space: string): SyncError =>
  new SyncError('closed', `The space "${space}" of this store was closed.`, { fix: 'Open it again.' })

/** The device is another one from the next opening on; what it had not sent is what this page still shows. */
export const evictedError = (space: string): SyncError =>
  new SyncError('store_damaged', `What this browser kept of the space "${space}" was removed while it was open.`, {
    fix: 'Copy what was not sent yet, then load the page anew: everything else comes back from the server.',
  })

export const damagedError = (space: string): SyncError =>
  new SyncError('store_damaged', `What this browser keeps of the space "${space}" is not whole.`, {
    fix: 'Remove the data of this site in the settings of the browser, then load the page anew: what was sent comes back from the server.',
  })
