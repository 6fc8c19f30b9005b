import { type Digest, EMPTY_DIGEST, type SyncStore, changeDigest, documentHash } from '@whisker/protocol'
import { type RunningServer, type SyncServer, createServer, serve, sqliteStore } from '@whisker/server'
import { answerCalls } from '../processes/answer-calls.ts'
import type { Point } from './slope.ts'

// A process of its own: the server on its SQLite file, and what cuts its sockets.

interface Settings {
  readonly file: string
  /** As many come from this one machine; everything else is bounded as always. */
  readonly sockets: number
}

/** What the process took while it was sampled. */
export interface Usage {
  readonly rss: readonly Point[]
  /** Each after a collection: in between it says more of when the last one was. */
  readonly heap: readonly Point[]
  /** Processor time. */
  readonly busyMs: number
}

const RSS_MS = 5000
/** A collection stops the process for a moment. */
const HEAP_MS = 30_000

let running: RunningServer | undefined
let store: SyncStore | undefined
let cutting: NodeJS.Timeout | undefined
let sampling: readonly NodeJS.Timeout[] = []
let busyBefore = process.cpuUsage()
const sockets = new Set<{ destroy(): unknown }>()
const rss: Point[] = []
const heap: Point[] = []

const commands = {
  async listen({ file, sockets: most }: Settings): Promise<string> {
    store = sqliteStore(file)
    const server = createServer({
      store,
      authenticate: (request) => ({ id: request.headers.get('authorization') ?? '' }),
      sockets: { socketsPerAddress: 2 * most, unknownPerAddress: 2 * most },
    })
    running = await serve(watched(server), { port: 0 })
    return running.url
  },
  /** From now on so many sockets a second are cut, whichever they are. */
  cutSome(perSecond: number): void {
    clearInterval(cutting)
    if (perSecond > 0) cutting = setInterval(cutOne, 1000 / perSecond)
  },
  /** Cuts every socket; how many there were. */
  cutAll(): number {
    const { size } = sockets
    for (const socket of sockets) socket.destroy()
    return size
  },
  sample(): void {
    busyBefore = process.cpuUsage()
    sampling = [setInterval(sampleRss, RSS_MS), setInterval(sampleHeap, HEAP_MS)]
    sampleRss()
    sampleHeap()
  },
  usage(): Usage {
    for (const timer of sampling) clearInterval(timer)
    const { user, system } = process.cpuUsage(busyBefore)
    sampleRss()
    sampleHeap()
    return { rss, heap, busyMs: (user + system) / 1000 }
  },
  /** What each space holds, counted row by row. */
  digests: async (spaces: readonly string[]): Promise<readonly Digest[]> =>
    Promise.all(spaces.map(async (space) => digestOf(space))),
  async close(): Promise<void> {
    clearInterval(cutting)
    await running?.close()
  },
}
export type SoakServerCommands = typeof commands

/** The same server, with its open sockets known here. */
const watched = (server: SyncServer): SyncServer => ({
  ...server,
  upgrade(incoming, socket, head, remoteAddress) {
    sockets.add(socket)
    if (isEmitter(socket)) socket.once('close', () => sockets.delete(socket))
    server.upgrade(incoming, socket, head, remoteAddress)
  },
})

const isEmitter = (socket: object): socket is NodeJS.EventEmitter => 'once' in socket

const sampleRss = (): void => void rss.push([performance.now(), process.memoryUsage().rss])

function sampleHeap(): void {
  globalThis.gc?.()
  heap.push([performance.now(), process.memoryUsage().heapUsed])
}

function cutOne(): void {
  const all = [...sockets]
  all[Math.floor(Math.random() * all.length)]?.destroy()
}

async function digestOf(space: string): Promise<Digest> {
  if (!store) throw new Error('The server does not listen.')
  return store.read(space, async (reader) => {
    const rows = await reader.changedAfter(0, 1_000_000)
    return rows.reduce(
      (digest, { collection, document, version, tombstoneMs }) =>
        changeDigest(
          digest,
          undefined,
          tombstoneMs === undefined ? documentHash(collection, document, version) : undefined,
        ),
      EMPTY_DIGEST,
    )
  })
}

answerCalls(commands)
