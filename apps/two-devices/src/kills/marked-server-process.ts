import { createServer, serve, sqliteStore } from '@whisker/server'
import { answerCalls } from '../processes/answer-calls.ts'
import { TransactionMarker, markedStore } from './transaction-marker.ts'

// A process of its own, to be killed: the server, with a mark for its transactions.

/** Who asked, by token; once for however many requests in a row. */
const turns: string[] = []

const commands = {
  async listen(file: string, marker: string, port: number): Promise<number> {
    const store = markedStore(sqliteStore(file), new TransactionMarker(marker))
    const running = await serve(createServer({ store, authenticate }), { port })
    return Number(new URL(running.url).port)
  },
  turns: (): readonly string[] => turns,
}
export type MarkedServerCommands = typeof commands

function authenticate({ headers }: Request): { id: string } {
  const asker = String(headers.get('authorization')).replace('Bearer ', '')
  if (turns.at(-1) !== asker) turns.push(asker)
  return { id: 'owner' }
}

answerCalls(commands)
