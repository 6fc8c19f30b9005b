import { DatabaseSync } from 'node:sqlite'

/** Every row of every table of a server's file, but those of one space. */
export function rowsBeside(space: string, path: string): Readonly<Record<string, readonly unknown[]>> {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const { id } = database.prepare('SELECT id FROM space WHERE name = ?').get(space) as { id: number }
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[]
    return Object.fromEntries(
      tables.map(({ name }) => {
        const columns = database
          .prepare(`SELECT name FROM pragma_table_info('${name}')`)
          .all()
          .map((row) => row['name'])
        const others = columns.includes('space')
          ? `WHERE space <> ${id}`
          : columns.includes('document')
            ? `WHERE document NOT IN (SELECT id FROM document WHERE space = ${id})`
            : name === 'space'
              ? `WHERE id <> ${id}`
              : ''
        return [name, database.prepare(`SELECT * FROM "${name}" ${others}`).all()]
      }),
    )
  } finally {
    database.close()
  }
}
