import { SyncError, isSyncError } from '@whisker/protocol'
import { faultOf } from './faults.ts'
import type { StoreKind } from './store-kind.ts'

/** What SQLite, the file system or a caller's function threw, as an error that names the file and a way out. */
export function toStoreError(thrown: unknown, path: string): SyncError {
  if (isSyncError(thrown)) return thrown
  switch (faultOf(thrown)) {
    case 'damaged':
      return damaged(path, textOf(thrown), thrown)
    case 'full':
      return new SyncError('disk_full', `There is no room left to write to ${path}.`, {
        fix: 'Free some space on the disk; nothing that was stored is lost.',
        cause: thrown,
      })
    case 'busy':
      return failed(path, 'another connection holds it and does not let go', {
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
  about: { readonly fix?: string; readonly cause?: unknown } = {},
): SyncError =>
  new SyncError('store_failed', `The store ${path} cannot be used: ${why}.`, {
    fix: about.fix ?? 'Give the path of a file in an existing folder that this program may write to.',
    cause: about.cause,
  })

export const damaged = (path: string, why: string, cause?: unknown): SyncError =>
  new SyncError('store_damaged', `The store ${path} is damaged: ${why}.`, {
    fix: 'Put the file aside and restore a backup; without one, start with a new file and sync again.',
    cause,
  })

export const foreign = (kind: StoreKind, path: string, found: string, cause?: unknown): SyncError =>
  new SyncError('store_foreign', `Expected ${kind.called}, or no file at all, at ${path}; found ${found}.`, {
    fix: 'Give the store a path of its own.',
    cause,
  })

export const newer = (kind: StoreKind, path: string, found: number): SyncError =>
  new SyncError(
    'store_newer',
    `The store ${path} has schema version ${found}; this package knows versions up to ${kind.version}.`,
    { fix: `Update ${kind.package}; the file was left as it is.` },
  )

export const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
