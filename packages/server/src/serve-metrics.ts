import { type ServerResponse, createServer as createHttpServer } from 'node:http'
import { bind } from './bind.ts'
import { checkServeMetricsOptions } from './check-options.ts'
import { METRICS_TYPE } from './metrics.ts'
import type { RunningServer } from './serve.ts'
import type { ServeMetricsOptions, SyncServer } from './server-options.ts'

/** How long anybody may take to ask. */
const REQUEST_MS = 5000
const MOST_CONNECTIONS = 32

/**
 * Shows what a server measures at `GET /metrics`, and nothing else, on a listener of its own: by default only to this
 * machine, because whoever reads it need not say who they are. Closing ends the listener, not the server; a listener that is left
 * open keeps no process alive. A port that cannot be had is `invalid_options`.
 */
export async function serveMetrics(server: SyncServer, options: ServeMetricsOptions): Promise<RunningServer> {
  checkServeMetricsOptions(options)
  const { port, host = '127.0.0.1' } = options
  const http = createHttpServer(
    { headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: REQUEST_MS },
    ({ method, url }, outgoing) => {
      if (url?.split('?')[0] !== '/metrics') return answer(outgoing, 404, 'There is only /metrics here.\n')
      if (method !== 'GET') return answer(outgoing, 405, 'There is only GET here.\n', { allow: 'GET' })
      return answer(outgoing, 200, server.metrics(), { 'content-type': METRICS_TYPE })
    },
  )
  http.maxConnections = MOST_CONNECTIONS
  const url = await bind(http, port, host)
  http.unref()

  let closed: Promise<void> | undefined
  return {
    url,
    async close() {
      closed ??= new Promise((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      })
      return closed
    },
  }
}

function answer(outgoing: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  outgoing.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  outgoing.end(text)
}
