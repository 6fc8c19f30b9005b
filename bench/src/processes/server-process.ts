import { type RunningServer, createServer, serve, sqliteStore } from '@whisker/server'
import { answerCalls } from './answer-calls.ts'

// A process of its own: the server on its SQLite file.

let running: RunningServer | undefined

const commands = {
  async listen(file: string): Promise<string> {
    running = await serve(createServer({ store: sqliteStore(file) }), { port: 0 })
    return running.url
  },
  async close(): Promise<void> {
    await running?.close()
  },
}
export type ServerCommands = typeof commands

answerCalls(commands)
