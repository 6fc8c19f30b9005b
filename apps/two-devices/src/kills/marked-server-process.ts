import { flushCompileCache } from 'node:module'
import { createServer, serve, sqliteStore } from '@whisker/server'
import { answerCalls } from '../processes/answer-calls.ts'
import { type ServerPoint, type ServerTrace, Stop } from './points.ts'
import { stoppingStore } from './stopping-store.ts'
import { watchTransactions } from './transactions.ts'

// A process of its own, to be killed: the server, with a mark for its transactions and points at which it stops.

export interface MarkedServerSettings {
  readonly file: string
  readonly marker: string
  readonly trace: string
  /** 0 takes a free one. */
  readonly port: number
}

/** Who asked, by token; once for however many requests in a row. */
const turns: string[] = []
let stop: Stop<ServerTrace>

const commands = {
  async listen({ file, marker, trace, port }: MarkedServerSettings): Promise<number> {
    // At its end it would be too late.
    flushCompileCache()
    stop = new Stop(trace)
    watchTransactions(marker, { put: () => undefined, complete: () => undefined })
    const store = stoppingStore(sqliteStore(file), stop)
    const running = await serve(createServer({ store, authenticate }), { port })
    return Number(new URL(running.url).port)
  },
  stopAt: (point: ServerPoint): void => stop.at(point),
  turns: (): readonly string[] => turns,
}
export type MarkedServerCommands = typeof commands

function authenticate({ headers }: Request): { id: string } {
  const asker = String(headers.get('authorization')).replace('Bearer ', '')
  if (turns.at(-1) !== asker) turns.push(asker)
  return { id: 'owner' }
}

answerCalls(commands)
