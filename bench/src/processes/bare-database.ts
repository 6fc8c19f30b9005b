import { DatabaseSync } from 'node:sqlite'

/** Texts in one transaction. */
const BATCH = 500

/** A table of texts by their ids, as durable as our stores. */
export interface BareDatabase {
  /** In batches, each on disk before the next. */
  insertAll(texts: readonly string[], idOf: (index: number) => string): void
  /** One text, on disk when it returns. */
  put(id: string, text: string): void
  all(): readonly (readonly [id: string, text: string])[]
  close(): void
}

export function openBareDatabase(file: string): BareDatabase {
  const database = new DatabaseSync(file)
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS document (id TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
  `)
  const put = database.prepare('INSERT OR REPLACE INTO document VALUES (?, ?)')
  const all = database.prepare('SELECT id, text FROM document')
  all.setReturnArrays(true)
  return {
    insertAll(texts, idOf) {
      for (let from = 0; from < texts.length; from += BATCH) {
        database.exec('BEGIN IMMEDIATE')
        for (let index = from; index < Math.min(from + BATCH, texts.length); index++) {
          put.run(idOf(index), texts[index] as string)
        }
        database.exec('COMMIT')
      }
    },
    put: (id, text) => void put.run(id, text),
    all: () => all.all() as unknown as readonly (readonly [string, string])[],
    close: () => database.close(),
  }
}
