import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type StoreCommit, SyncError } from '@whisker/protocol'

/** The tables that the port speaks of, with what names a row of a space in them. */
const KEYS = {
  records: ['name'],
  documents: ['collection', 'document'],
  outbox: ['position'],
  rejected: ['name'],
} as const
type RowTable = keyof typeof KEYS
type TextAt = (space: number, ...key: (string | number)[]) => string | undefined

export interface Reads extends Readonly<Record<RowTable | 'revision', StatementSync>> {
  /** The text of one row; undefined if it is not there. */
  readonly textAt: Readonly<Record<RowTable, TextAt>>
}
export interface Writes extends Readonly<Record<RowTable, Write>> {
  readonly advance: StatementSync
}

/** Rows come as arrays, which are faster and are what the port speaks. */
export function readsOf(database: DatabaseSync): Reads {
  const rows = (sql: string): StatementSync => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  const textAt = (name: RowTable): TextAt => {
    const where = KEYS[name].map((key) => `${key} = ?`).join(' AND ')
    const statement = rows(`SELECT text FROM ${name} WHERE space = ? AND ${where}`)
    return (space, ...key) => statement.get(space, ...key)?.[0] as unknown as string | undefined
  }
  return {
    textAt: {
      records: textAt('records'),
      documents: textAt('documents'),
      outbox: textAt('outbox'),
      rejected: textAt('rejected'),
    },
    revision: rows('SELECT revision FROM spaces WHERE space = ?'),
    records: rows('SELECT name, text FROM records WHERE space = ?'),
    documents: rows('SELECT collection, document, text FROM documents WHERE space = ?'),
    outbox: rows('SELECT position, text FROM outbox WHERE space = ? ORDER BY position'),
    rejected: rows('SELECT name, text FROM rejected WHERE space = ?'),
  }
}

export type Write = (space: number, rows: readonly (readonly [...(string | number)[], string | undefined])[]) => void

export function writesOf(database: DatabaseSync): Writes {
  const table = (name: RowTable): Write => {
    const keys = KEYS[name]
    const columns = ['space', ...keys, 'text']
    const put = database.prepare(
      `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
       ON CONFLICT DO UPDATE SET text = excluded.text`,
    )
    const remove = database.prepare(
      `DELETE FROM ${name} WHERE space = ? AND ${keys.map((key) => `${key} = ?`).join(' AND ')}`,
    )
    return (space, rows) => {
      for (const row of rows) {
        const text = row.at(-1)
        const key = row.slice(0, -1) as (string | number)[]
        if (text === undefined) remove.run(space, ...key)
        else put.run(space, ...key, text)
      }
    }
  }
  return {
    records: table('records'),
    documents: table('documents'),
    outbox: table('outbox'),
    rejected: table('rejected'),
    advance: database.prepare('UPDATE spaces SET revision = revision + 1 WHERE space = ?'),
  }
}

/** What SQLite would change silently (half a surrogate pair) or could not read back (a fraction) is refused. */
export function checkTexts({ records, documents, outbox, rejected }: StoreCommit): void {
  for (const rows of [records, documents, outbox, rejected]) {
    for (const row of rows) {
      for (const cell of row) {
        if (typeof cell === 'number' ? Number.isSafeInteger(cell) : (cell?.isWellFormed() ?? true)) continue
        throw new SyncError(
          'invalid_value',
          `A store keeps well-formed texts and whole numbers, not ${JSON.stringify(cell)}.`,
        )
      }
    }
  }
}
