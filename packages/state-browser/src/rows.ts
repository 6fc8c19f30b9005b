import type { StoreChanges, StoreCommit, StoredSpace } from '@whisker/protocol'
import { CELLS_OF_ROW, type Cells } from './layout.ts'

/** The letters of the port's tables. */
const [RECORDS, DOCUMENTS, OUTBOX, REJECTED] = ['r', 'd', 'o', 'x']

export function cellsOf({ records, documents, outbox, rejected }: StoreCommit): Cells {
  const cells: (string | null)[] = []
  for (const [name, text = null] of records) cells.push(RECORDS, name, '', text)
  for (const [collection, document, text = null] of documents) cells.push(DOCUMENTS, collection, document, text)
  for (const [position, text = null] of outbox) cells.push(OUTBOX, String(position), '', text)
  for (const [name, text = null] of rejected) cells.push(REJECTED, name, '', text)
  return cells
}

/** Rows by their names, each as it was written last. */
export class Rows {
  /** Table and first name → second name → text. */
  readonly #groups: Map<string, Map<string, string | null>> = new Map()
  #taken = 0

  /** Those that are newer than all that was taken before. */
  take(cells: Cells): this {
    this.#taken += cells.length / CELLS_OF_ROW
    let [table, first]: (string | null | undefined)[] = []
    let group = new Map<string, string | null>()
    for (let at = 0; at < cells.length; at += CELLS_OF_ROW) {
      if (cells[at] !== table || cells[at + 1] !== first) {
        ;[table, first] = [cells[at], cells[at + 1]]
        const name = `${table}${first}`
        group = this.#groups.get(name) ?? new Map()
        this.#groups.set(name, group)
      }
      group.set(cells[at + 2] as string, cells[at + 3] as string | null)
    }
    return this
  }

  /** How many were taken, with those that were written over. */
  get takenCount(): number {
    return this.#taken
  }

  /** Without those that are gone, if nothing older can hold them. */
  toCells(keepsGone: boolean): (string | null)[] {
    const cells: (string | null)[] = []
    for (const [name, group] of this.#groups) {
      const [table, first] = namesIn(name)
      for (const [second, text] of group) if (keepsGone || text !== null) cells.push(table, first, second, text)
    }
    return cells
  }

  toSpace(revision: number): StoredSpace {
    return this.#tables(revision, false) as StoredSpace
  }

  toChanges(revision: number): StoreChanges {
    return this.#tables(revision, true)
  }

  #tables(revision: number, keepsGone: boolean): StoreChanges {
    const records: (readonly [string, string | undefined])[] = []
    const documents: (readonly [string, string, string | undefined])[] = []
    const outbox: (readonly [number, string | undefined])[] = []
    const rejected: (readonly [string, string | undefined])[] = []
    for (const [name, group] of this.#groups) {
      const [table, first] = namesIn(name)
      for (const [second, text] of group) {
        if (text === null && !keepsGone) continue
        const now = text ?? undefined
        if (table === DOCUMENTS) documents.push([first, second, now])
        else if (table === RECORDS) records.push([first, now])
        else if (table === OUTBOX) outbox.push([Number(first), now])
        else rejected.push([first, now])
      }
    }
    outbox.sort(([a], [b]) => a - b)
    return { revision, records, documents, outbox, rejected }
  }
}

const namesIn = (name: string): readonly [table: string, first: string] => [name.slice(0, 1), name.slice(1)]
