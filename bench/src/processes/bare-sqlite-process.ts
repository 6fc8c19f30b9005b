import { idOf, textsOf } from '../workload.ts'
import { answerCalls, heldBytes, timed } from './answer-calls.ts'
import { openBareDatabase } from './bare-database.ts'

// A process of its own: the documents' texts in a plain SQLite table, and as parsed objects in a Map.

let held: ReadonlyMap<string, unknown> | undefined

const commands = {
  /** The time to put that many texts into a new file. */
  async insert(file: string, count: number): Promise<number> {
    const texts = textsOf(count)
    return timed(() => {
      const database = openBareDatabase(file)
      database.insertAll(texts, idOf)
      database.close()
    })
  },
  /** The time to open the file and have all its documents as objects. */
  load: async (file: string): Promise<number> => timed(() => load(file)),
  /** What a Map of the parsed documents takes, in bytes. */
  memory(file: string): number {
    const before = heldBytes()
    load(file)
    return heldBytes() - before
  },
}
export type BareSqliteCommands = typeof commands

function load(file: string): void {
  const database = openBareDatabase(file)
  held = new Map(database.all().map(([id, text]) => [id, JSON.parse(text)]))
  database.close()
  if (held.size === 0) throw new Error('There is nothing to load.')
}

answerCalls(commands)
