import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

/** A row as a list, in the order of the columns that were asked for. */
export type Cells = readonly unknown[]

type Statements<Names extends string> = Readonly<Record<Names, StatementSync>>

/** The statements of one connection, prepared once. Rows come as lists. */
export function prepare<Names extends string>(
  database: DatabaseSync,
  texts: Readonly<Record<Names, string>>,
): Statements<Names> {
  const prepared = Object.entries<string>(texts).map(([name, text]) => {
    const statement = database.prepare(text)
    statement.setReturnArrays(true)
    return [name, statement] as const
  })
  return Object.fromEntries(prepared) as Statements<Names>
}

export const allOf = (statement: StatementSync, ...values: SQLInputValue[]): readonly Cells[] =>
  statement.all(...values) as unknown as readonly Cells[]
export const oneOf = (statement: StatementSync, ...values: SQLInputValue[]): Cells | undefined =>
  statement.get(...values) as unknown as Cells | undefined
