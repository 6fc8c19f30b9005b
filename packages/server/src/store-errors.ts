import { SyncError, isSyncError } from '@whisker/protocol'
import { isBusy, isDamage, sqliteCode } from './sqlite-errors.ts'

const FULL = 13

/** What opening a store threw, as an error that names the file and a way out. */
export function toStoreError(thrown: unknown, path: string): SyncError {
  if (isSyncError(thrown)) return thrown
  if (isDamage(thrown)) return damaged(path, textOf(thrown), thrown)
  if (isBusy(thrown)) {
    return failed(path, 'another connection holds it', {
      fix: 'Try again; if it stays, end the program that holds the file.',
      cause: thrown,
    })
  }
  if (sqliteCode(thrown) === FULL) {
    return new SyncError('disk_full', `There is no room left to write to ${path}.`, {
      fix: 'Free some space on the disk; nothing that was stored is lost.',
      cause: thrown,
    })
  }
  return failed(path, textOf(thrown), { cause: thrown })
}

export const failed = (
  path: string,
  why: string,
  about: { readonly fix?: string; readonly cause?: unknown } = {},
): SyncError =>
  new SyncError('store_failed', `The store ${path} cannot be used: ${why}.`, {
    fix: about.fix ?? 'Give the path of a file in an existing folder that this program may write to.',
    cause: about.cause,
  })

export const damaged = (path: string, why: string, cause?: unknown): SyncError =>
  new SyncError('store_damaged', `The store ${path} is damaged: ${why}.`, {
    fix: 'Put the file aside and restore a backup; without one, start with a new file and let the devices sync again.',
    cause,
  })

export const foreign = (path: string, what: string, cause?: unknown): SyncError =>
  new SyncError(
    'store_foreign',
    `Expected a server's store of Whisker Sync, or no file at all, at ${path}; found ${what}.`,
    {
      fix: 'Give the store a path of its own.',
      cause,
    },
  )

export const newer = (path: string, found: number, known: number): SyncError =>
  new SyncError('store_newer', `The store ${path} has version ${found}; this package knows versions up to ${known}.`, {
    fix: 'Update @whisker/server; the file was left as it is.',
  })

export const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
