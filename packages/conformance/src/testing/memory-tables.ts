import type { StoreChanges, StoreRows, StoredSpace } from '@whisker/protocol'
import type { StateStoreFault } from './state-store-faults.ts'

/** Whether a fault is planted. */
export type Has = (fault: StateStoreFault) => boolean

/** A row with its text at the end; without one it is to be removed. */
type Row = readonly (string | number | undefined)[]
type TableName = keyof StoreRows
export type Tables = Readonly<Record<TableName, Map<string, Row>>>

const NAMES: readonly TableName[] = ['records', 'documents', 'outbox', 'rejected']

export const emptyTables = (has: Has): Tables => {
  const records = new Map<string, Row>()
  const rejected = has('has one table for records and rejected operations') ? records : new Map<string, Row>()
  return { records, documents: new Map(), outbox: new Map(), rejected }
}

export function copyOf(tables: Tables): Tables {
  const records = new Map(tables.records)
  const rejected = tables.rejected === tables.records ? records : new Map(tables.rejected)
  return { records, documents: new Map(tables.documents), outbox: new Map(tables.outbox), rejected }
}

/** Writes one table after another, a step each: between two of them others could look. */
export function* put(tables: Tables, rows: StoreRows, has: Has): Generator<void> {
  for (const name of NAMES) {
    yield
    for (const row of rows[name] as readonly Row[]) {
      const text = row.at(-1)
      if (text === undefined) tables[name].delete(keyOf(row, has))
      else tables[name].set(keyOf(row, has), [...row.slice(0, -1), kept(String(text), has)])
    }
  }
}

function keyOf(row: Row, has: Has): string {
  const parts = row.slice(0, -1)
  const key = parts.join(has('joins the parts of a name without a mark between them') ? '' : '\0')
  return has('takes names without regard to case') ? key.toLowerCase() : key
}

function kept(text: string, has: Has): string {
  if (has('cuts texts at NUL')) return text.split('\0')[0] ?? ''
  if (has('composes accents in texts')) return text.normalize('NFC')
  return has('mends half surrogate pairs in texts') ? text.toWellFormed() : text
}

export function rowsOf(tables: Tables, revision: number, has: Has): StoredSpace {
  const outbox = [...tables.outbox.values()]
  if (!has('gives the outbox in the order of writing')) outbox.sort(byPosition)
  if (has('sorts the outbox as text')) outbox.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
  return {
    revision,
    records: [...tables.records.values()],
    documents: [...tables.documents.values()],
    outbox,
    rejected: [...tables.rejected.values()],
  } as unknown as StoredSpace
}

/** What commits have touched, as it is now. */
export function changesOf(tables: Tables, commits: readonly StoreRows[], revision: number, has: Has): StoreChanges {
  const changed = (name: TableName): readonly Row[] => {
    const touched = new Map<string, Row>()
    for (const row of commits.flatMap((commit) => commit[name] as readonly Row[])) {
      const key = keyOf(row, has)
      touched.set(key, touched.get(key) ?? row)
    }
    const rows = [...touched].map(([key, row]): Row => {
      if (has('tells changes as they were first')) return row
      return tables[name].get(key) ?? [...row.slice(0, -1), undefined]
    })
    return has('leaves removals out of changes') ? rows.filter((row) => row.at(-1) !== undefined) : rows
  }
  const outbox = changed('outbox')
  return {
    revision,
    records: changed('records'),
    documents: changed('documents'),
    outbox: has('tells the outbox in changes by the order of writing') ? outbox : outbox.toSorted(byPosition),
    rejected: changed('rejected'),
  } as unknown as StoreChanges
}

const byPosition = ([a]: Row, [b]: Row): number => Number(a) - Number(b)
