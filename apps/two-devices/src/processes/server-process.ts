import { type RunningServer, createServer, serve, sqliteStore } from '@whisker/server'
import { answerCalls } from './answer-calls.ts'

// A process of its own, started by control.ts.

export interface ServerSettings {
  /** The SQLite file, made if it is new. */
  readonly file: string
  /** 0 takes a free one. */
  readonly port: number
  /** Whoever shows it is the one principal that there is. */
  readonly token: string
}

let running: RunningServer | undefined

const commands = {
  async listen({ file, port, token }: ServerSettings): Promise<string> {
    const server = createServer({
      store: sqliteStore(file),
      authenticate: (request) =>
        request.headers.get('authorization') === `Bearer ${token}` ? { id: 'owner' } : undefined,
    })
    running = await serve(server, { port })
    return running.url
  },
  async close(): Promise<void> {
    await running?.close()
  },
}
export type ServerCommands = typeof commands

answerCalls(commands)
