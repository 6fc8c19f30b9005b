import { SyncError, type SyncErrorCode, isSyncError } from '@whisker/protocol'

/** SQLite's result codes that have a name of their own here; an extended code counts as its lowest byte. */
const CORRUPT = 11
const FULL = 13
const NOT_A_DATABASE = 26
const BUSY = 5
const IOERR_SHMSIZE = 4874
const IOERR_CORRUPTFS = 8458
const READONLY_ROLLBACK = 776

/** What SQLite, the file system or a caller's function threw, as the error that this package promises. */
export function toStoreError(thrown: unknown, path: string): SyncError {
  if (isSyncError(thrown)) return thrown
  if (isDamage(thrown)) return damaged(path, textOf(thrown), thrown)
  switch (resultCode(thrown)) {
    case FULL:
    case IOERR_SHMSIZE:
      return new SyncError('disk_full', `There is no room left to write to ${path}.`, {
        fix: 'Free some space on the disk; nothing that was stored is lost.',
        cause: thrown,
      })
    case BUSY:
      return failed(path, 'another connection has been writing to it for more than 5 seconds', {
        fix: 'Try again; if it stays, end the program that holds the file.',
        cause: thrown,
      })
    default:
      return failed(path, textOf(thrown), { cause: thrown })
  }
}

export const failed = (
  path: string,
  why: string,
  about: { readonly fix?: string; readonly cause?: unknown },
): SyncError =>
  new SyncError('store_failed', `The store ${path} cannot be used: ${why}.`, {
    fix: about.fix ?? 'Give the path of a file in an existing folder that this program may write to.',
    cause: about.cause,
  })

export const damaged = (path: string, why: string, cause?: unknown): SyncError =>
  refused('store_damaged', `The store ${path} is damaged: ${why}.`, {
    fix: 'Put the file aside and restore a backup; without one, start with a new file and sync again.',
    cause,
  })

export const foreign = (path: string, what: string, cause?: unknown): SyncError =>
  refused('store_foreign', `Expected a Whisker Sync store, or no file at all, at ${path}; found ${what}.`, {
    fix: 'Give the store a path of its own.',
    cause,
  })

export const newer = (path: string, found: number, known: number): SyncError =>
  refused('store_newer', `The store ${path} has schema version ${found}; this package knows versions up to ${known}.`, {
    fix: 'Update @whisker/state-node; the file was left as it is.',
  })

const refused = (
  code: SyncErrorCode,
  message: string,
  about: { readonly fix: string; readonly cause?: unknown },
): SyncError => new SyncError(code, message, about)

/** Whether the file itself is at fault: pages that contradict each other, or no database at all. */
export function isDamage(thrown: unknown): boolean {
  const code = extendedCode(thrown)
  return code === IOERR_CORRUPTFS || [CORRUPT, NOT_A_DATABASE].includes(code & 0xff)
}

export const isBusy = (thrown: unknown): boolean => (extendedCode(thrown) & 0xff) === BUSY
/** A crashed transaction is to be rolled back, which a read-only connection cannot do. */
export const needsRollback = (thrown: unknown): boolean => extendedCode(thrown) === READONLY_ROLLBACK

function resultCode(thrown: unknown): number {
  const code = extendedCode(thrown)
  return code === IOERR_SHMSIZE ? code : code & 0xff
}

function extendedCode(thrown: unknown): number {
  const code = typeof thrown === 'object' && thrown !== null && 'errcode' in thrown ? thrown.errcode : 0
  return typeof code === 'number' ? code : 0
}

export const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
