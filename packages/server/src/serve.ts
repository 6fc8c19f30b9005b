import type { Server } from 'node:http'
import { SyncError } from '@whisker/protocol'
import { bind } from './bind.ts'
import { checkServeOptions, withDefaults } from './check-options.ts'
import { SOCKET_TIMEOUTS, createListener } from './listen.ts'
import { isLoopbackHost } from './loopback.ts'
import type { ServeOptions, SyncServer } from './server-options.ts'

export interface RunningServer {
  readonly url: string
  /** Takes no new connections, lets running requests finish, closes the store. */
  close(): Promise<void>
}

/** How long an answer may take to leave after the server has closed. */
const FLUSH_MS = 1000

/**
 * Listens on Node's own HTTP server. Refuses to show a server without authentication to other machines. If it cannot
 * listen, the server and its store stay as they were: serve it on another port, or close it.
 */
export async function serve(server: SyncServer, options: ServeOptions): Promise<RunningServer> {
  checkServeOptions(options)
  const { port, host = '127.0.0.1', drainOnSignal = false } = options
  const timeouts = withDefaults(SOCKET_TIMEOUTS, options.timeouts)
  if (timeouts.headersMs > timeouts.requestMs) {
    throw new SyncError(
      'invalid_options',
      `Expected \`headersMs\` of at most \`requestMs\`, got ${timeouts.headersMs} and ${timeouts.requestMs}.`,
      { fix: 'The headers are a part of the request: give them less time, or the request more.' },
    )
  }
  if (server.isOpen && !isLoopbackHost(host)) {
    throw new SyncError(
      'invalid_options',
      `A server without authentication listens on loopback only, got the host ${host}.`,
      {
        fix: 'Give createServer `authenticate`, or leave `host` out.',
      },
    )
  }
  await server.ready()
  const http = createListener(server, timeouts, options.remoteAddress)
  const url = await bind(http, port, host)

  let closed: Promise<void> | undefined
  const running: RunningServer = {
    url,
    async close() {
      return (closed ??= drain(http, server))
    },
  }
  if (drainOnSignal) closeOnSignal(running)
  return running
}

async function drain(http: Server, server: SyncServer): Promise<void> {
  const { promise: isClosed, resolve } = Promise.withResolvers<void>()
  http.close(() => resolve())
  await server.close()
  http.closeIdleConnections()
  const timer = setTimeout(resolve, FLUSH_MS)
  await isClosed
  clearTimeout(timer)
  http.closeAllConnections()
}

function closeOnSignal(running: RunningServer): void {
  let isClosing = false
  const end = (): void => {
    if (isClosing) process.exit(1)
    isClosing = true
    running.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}
