import { systemClock } from '@whisker/protocol'
import { createServer } from '../../create-server.ts'
import { memoryStore } from '../../memory-store.ts'
import { serve } from '../../serve.ts'
import type { ServerOptions } from '../../server-options.ts'
import type { SocketLimits } from '../../socket-limits.ts'
import { sqliteStore } from '../../sqlite-store.ts'
import { START_MS, seededRandom } from '../manual-clock.ts'
import { CROWDED, type PortName, type ServerState } from './hostile-ports.ts'

/*
 * The server under attack: `node hostile-server.ts <file>`. It sends its ports to its parent, and its state whenever it
 * is sent anything. It ends on SIGTERM.
 */

/** Who may do what: mallory shares a space with anna, and wants more. */
const SPACES: Readonly<Record<string, readonly string[]>> = {
  stories: ['anna', 'mallory'],
  diary: ['anna'],
  garden: ['gardener'],
}

const failures: string[] = []

const server = (store: ServerOptions['store'], sockets: Partial<SocketLimits>) =>
  createServer({
    store,
    sockets,
    // Its time stands, so that no allowance comes back while the cases run; what waits is woken all the same.
    clock: { ...systemClock, now: () => START_MS },
    random: seededRandom(7),
    cors: { origins: ['https://app.example'] },
    authenticate: (request) => {
      const name = /^Bearer (\w+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
      return name === undefined || name === 'stale' ? undefined : { id: name }
    },
    // Only anna may send a device away.
    authorize: ({ id }, space, action) =>
      (action !== 'manage' || id === 'anna') && Object.hasOwn(SPACES, space) && (SPACES[space] ?? []).includes(id),
    log: (line) => {
      const { status } = JSON.parse(line) as { status: number }
      // A server that is full has not failed.
      if (status >= 500 && status !== 503) failures.push(line)
    },
  })

const [path = ':memory:'] = process.argv.slice(2)
// What others go through while the cases run is many seconds' worth, in one that does not end.
const main = server(sqliteStore(path), { hellosPerSecond: 1_000_000, messagesPerSecond: 1_000_000 })
const portOf = async (...parameters: Parameters<typeof serve>): Promise<number> =>
  Number(new URL((await serve(...parameters)).url).port)

const ports: Partial<Record<PortName, number>> = {
  main: await portOf(main, { port: 0, drainOnSignal: true }),
  hasty: await portOf(main, { port: 0, timeouts: { headersMs: 400, requestMs: 800 } }),
}
for (const [limit, most] of Object.entries(CROWDED)) {
  ports[limit as keyof typeof CROWDED] = await portOf(server(memoryStore(), { [limit]: most }), { port: 0 })
}

process.on('message', () => {
  const state: ServerState = {
    failures,
    bytes: process.memoryUsage.rss(),
    mostBytes: process.resourceUsage().maxRSS * 1024,
    isPolluted: 'isAdmin' in {},
  }
  process.send?.(state)
})
// Nobody is left to attack.
process.on('disconnect', () => process.exit(1))
process.send?.(ports)
