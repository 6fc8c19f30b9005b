import { readAs, readInteger, readList, readSome, refuse } from './reading.ts'

/** What a message says often stands once, in a table; all else names its index there. */
export class IndexTable<T> {
  readonly entries: T[] = []
  readonly #indices = new Map<T, number>()

  constructor(entries: readonly T[] = []) {
    for (const entry of entries) this.indexOf(entry)
  }

  indexOf(entry: T): number {
    let index = this.#indices.get(entry)
    if (index === undefined) {
      index = this.entries.push(entry) - 1
      this.#indices.set(entry, index)
    }
    return index
  }
}

/** What a table's entries are. */
export interface EntryKind<T> {
  readonly what: string
  readonly guard: (value: unknown) => value is T
}

export function readTable<T>(value: unknown, where: string, { what, guard }: EntryKind<T>): readonly T[] {
  const entries = readList(value, where, 100_000).map((entry) => readAs(entry, where, what, guard))
  if (new Set(entries).size !== entries.length) refuse(where, 'each entry once', value)
  return entries
}

/** Reads a table that is left out when it is empty, and has each entry where it is first named: so it has one text. */
export class TableReader<T> {
  readonly #where: string
  readonly #entries: readonly T[]
  #named = 0

  constructor(value: unknown, where: string, kind: EntryKind<T>) {
    this.#where = where
    this.#entries = readTable(readSome(value, where), where, kind)
  }

  read(index: unknown, where: string): T {
    const found = readInteger(index, where, 0, Math.min(this.#named, this.#entries.length - 1))
    if (found === this.#named) this.#named++
    return this.#entries[found] as T
  }

  /** To be called once all has been read. */
  end(): void {
    if (this.#named < this.#entries.length) refuse(this.#where, 'every entry to be named', this.#entries)
  }
}
