import { reads, writes } from './database.ts'
import {
  CELLS_OF_ROW,
  type Cells,
  type Entry,
  entriesBetween,
  foldedKey,
  headKey,
  pageKey,
  pagesUpTo,
  revisionOf,
} from './layout.ts'
import { Rows } from './rows.ts'
import type { SpaceRows } from './space-rows.ts'

/*
 * What is tidied is read first and written then, and whoever does that is the only one: it holds a lock. Commits go on meanwhile: they
 * add entries that are newer, and change none.
 */

/** How many commits `changes` reaches back at least. */
const COMMITS_KEPT = 256
/** How many there are when the oldest are folded into pages. */
const MOST_COMMITS = 512
/** So many rows may be gone or written over before all pages are written anew: beside a quarter of those that count. */
const DEAD_ROWS = 1000
const ROWS_OF_A_PAGE = 1000

/** Turns the oldest entries of a long log into pages. */
export async function fold(space: SpaceRows): Promise<void> {
  const [head = 0, folded = 0] = await reads(space.use, (rows) => [
    rows.get(headKey(space)) as IDBRequest<number | undefined>,
    rows.get(foldedKey(space)) as IDBRequest<number | undefined>,
  ])
  if (head - folded <= MOST_COMMITS) return
  const to = head - COMMITS_KEPT
  const range = entriesBetween(space, folded, to)
  const [keys, entries] = await reads(space.use, (rows) => [
    rows.getAllKeys(range),
    rows.getAll(range) as IDBRequest<Entry[]>,
  ])
  const pages: (readonly [key: IDBValidKey, cells: Cells])[] = []
  // Between two that are pages already, those before the second come to a page that is older than it.
  let some = new Rows()
  for (const [at, { cells }] of entries.entries()) {
    if (!cells) continue
    some.take(cells)
    if (entries[at + 1]?.cells) continue
    pages.push([pageKey(space, revisionOf(keys[at] as IDBValidKey)), some.toCells(true)])
    some = new Rows()
  }
  await writes(space.use, (rows) => {
    for (const [key, cells] of pages) rows.put(cells, key)
    rows.delete(range)
    rows.put(to, foldedKey(space))
  })
}

export const isWorthIt = (deadCount: number, liveCount: number): boolean => deadCount > DEAD_ROWS + liveCount / 4

/** Writes all pages anew, but for those that the log may be older than, and leaves out what is gone or written over. */
export async function compact(space: SpaceRows): Promise<void> {
  const [folded = 0] = await reads(space.use, (rows) => [rows.get(foldedKey(space)) as IDBRequest<number | undefined>])
  const range = pagesUpTo(space, folded)
  const [pages] = await reads(space.use, (rows) => [rows.getAll(range) as IDBRequest<Cells[]>])
  const all = new Rows()
  for (const cells of pages) all.take(cells)
  const cells = all.toCells(false)
  const size = ROWS_OF_A_PAGE * CELLS_OF_ROW
  await writes(space.use, (rows) => {
    rows.delete(range)
    for (let part = 0; part * size < cells.length; part++)
      rows.put(cells.slice(part * size, (part + 1) * size), pageKey(space, folded, part))
  })
}
