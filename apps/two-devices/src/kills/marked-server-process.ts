import { createServer, serve, sqliteStore } from '@whisker/server'
import { answerCalls } from '../processes/answer-calls.ts'
import { TransactionMarker, markedStore } from './transaction-marker.ts'

// A process of its own, to be killed: the server, with a mark for its transactions.

const commands = {
  async listen(file: string, marker: string, port: number): Promise<number> {
    const store = markedStore(sqliteStore(file), new TransactionMarker(marker))
    const running = await serve(createServer({ store, authenticate: () => ({ id: 'owner' }) }), { port })
    return Number(new URL(running.url).port)
  },
}
export type MarkedServerCommands = typeof commands

answerCalls(commands)
