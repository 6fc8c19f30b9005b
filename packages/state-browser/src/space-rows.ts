import { type StoreChanges, type StoreCommit, type StoredSpace, isSyncError } from '@whisker/protocol'
import type { UseStore } from 'idb-keyval'
import { reads, writes } from './database.ts'
import {
  CELLS_OF_ROW,
  type Cells,
  DEVICE_KEY,
  type Entry,
  type SpaceName,
  entriesBetween,
  entryKey,
  foldedKey,
  headKey,
  isCells,
  pageKey,
  pagesUpTo,
  revisionOf,
} from './layout.ts'
import { Rows, cellsOf } from './rows.ts'
import { damagedError, evictedError, movedOn, nameOf } from './store-errors.ts'

/** A commit of so many rows is a page at once, and need not be written again to become one. */
const ROWS_OF_A_PAGE = 200

/** The rows of one space in the database of one device. */
export interface SpaceRows extends SpaceName {
  readonly use: UseStore
}

export interface LoadedSpace {
  readonly stored: StoredSpace
  /** Rows that were read for it, and are gone or written over. */
  readonly deadCount: number
}

export async function headOf(space: SpaceRows): Promise<number> {
  const [head = 0] = await reads(space.use, (rows) => [rows.get(headKey(space)) as IDBRequest<number | undefined>])
  return head
}

export async function loadSpace(space: SpaceRows): Promise<LoadedSpace> {
  const [owner, head = 0, folded = 0, pageKeys, pages, entryKeys, entries] = await reads(space.use, (rows) => [
    rows.get(DEVICE_KEY) as IDBRequest<unknown>,
    rows.get(headKey(space)) as IDBRequest<number | undefined>,
    rows.get(foldedKey(space)) as IDBRequest<number | undefined>,
    rows.getAllKeys(pagesUpTo(space)),
    rows.getAll(pagesUpTo(space)) as IDBRequest<Cells[]>,
    rows.getAllKeys(entriesBetween(space, 0)),
    rows.getAll(entriesBetween(space, 0)) as IDBRequest<Entry[]>,
  ])
  if (owner !== space.device) throw evictedError(space.name)
  const revisions = entryKeys.map(revisionOf)
  const parts = [
    ...pageKeys.map((key, at) => ({ revision: revisionOf(key), cells: pages[at] })),
    ...revisions.flatMap((revision, at) => (entries[at]?.cells ? [{ revision, cells: entries[at].cells }] : [])),
  ].sort((a, b) => a.revision - b.revision)
  const known = new Set(parts.map(({ revision }) => revision))
  // Nothing may be missing: on what is not there somebody may have built, and numbers would be given twice.
  const isWhole =
    revisions.length === head - folded &&
    revisions.every((revision, at) => revision === folded + at + 1 && known.has(revision))
  if (!isWhole || !parts.every(({ cells }) => isCells(cells))) throw damagedError(space.name)
  const all = new Rows()
  for (const { cells = [] } of parts) all.take(cells)
  const stored = all.toSpace(head)
  const { records, documents, outbox, rejected } = stored
  const liveCount = records.length + documents.length + outbox.length + rejected.length
  return { stored, deadCount: all.takenCount - liveCount }
}

/** What changed after a revision; undefined if the log does not reach back so far. */
export async function changesSince(space: SpaceRows, since: number): Promise<StoreChanges | undefined> {
  if (!Number.isInteger(since)) return undefined
  const [owner, head = 0, entries] = await reads(space.use, (rows) => [
    rows.get(DEVICE_KEY) as IDBRequest<unknown>,
    rows.get(headKey(space)) as IDBRequest<number | undefined>,
    rows.getAll(entriesBetween(space, since)) as IDBRequest<Entry[]>,
  ])
  if (owner !== space.device) throw evictedError(space.name)
  if (entries.length !== head - since) return undefined
  const pageKeys = entries.flatMap(({ cells }, at) => (cells ? [] : [pageKey(space, since + at + 1)]))
  // A page may have been written anew meanwhile, and then it is not there.
  const pages =
    pageKeys.length === 0
      ? []
      : await reads(space.use, (rows) => pageKeys.map((key) => rows.get(key) as IDBRequest<Cells | undefined>))
  const all = new Rows()
  let pageCount = 0
  for (const { cells = pages[pageCount++] } of entries) {
    if (!cells) return undefined
    all.take(cells)
  }
  return all.toChanges(head)
}

/**
 * Writes a commit, if the space is still where it was worked out: two of one revision would have the same key, and the second
 * is refused by that.
 */
export async function commitTo(space: SpaceRows, commit: StoreCommit, by: string): Promise<void> {
  const revision = commit.revision + 1
  const cells = cellsOf(commit)
  const isPage = cells.length >= ROWS_OF_A_PAGE * CELLS_OF_ROW
  // The log does not reach back to what a tab that slept for long would write over. From here on the task does not end before
  // the writing is asked for: no tab can fall asleep between the two.
  const [owner, head = 0] = await reads(space.use, (rows) => [
    rows.get(DEVICE_KEY) as IDBRequest<unknown>,
    rows.get(headKey(space)) as IDBRequest<number | undefined>,
  ])
  if (owner !== space.device) throw evictedError(space.name)
  if (head !== commit.revision) throw movedOn(space.name, commit.revision, head)
  const entry: Entry = { by, cells: isPage ? undefined : cells }
  try {
    await writes(space.use, (rows) => {
      rows.add(entry, entryKey(space, revision))
      if (isPage) rows.put(cells, pageKey(space, revision))
      rows.put(revision, headKey(space))
    })
  } catch (thrown) {
    if (!isSyncError(thrown) || nameOf(thrown.cause) !== 'ConstraintError') throw thrown
    // It may be this one: the connection was lost while it was written, and it was tried again.
    const [known, now = 0] = await reads(space.use, (rows) => [
      rows.get(entryKey(space, revision)) as IDBRequest<Entry | undefined>,
      rows.get(headKey(space)) as IDBRequest<number | undefined>,
    ])
    if (known?.by !== by) throw movedOn(space.name, commit.revision, now)
  }
}
