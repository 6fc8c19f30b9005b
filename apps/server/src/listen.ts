import { SyncError, isSyncError } from '@whisker/protocol'
import { type SyncServer, serve, serveMetrics } from '@whisker/server'
import { lastForwarded } from './proxy.ts'
import type { Settings } from './settings.ts'

export interface Listening {
  readonly url: string
  readonly metricsUrl: string | undefined
}

const METRICS_HOST = '127.0.0.1'

/** Listens at both ports; the server is closed if one cannot be had, which is `invalid_options` by the name of its variable. */
export async function listen(server: SyncServer, settings: Settings): Promise<Listening> {
  const { metricsPort } = settings
  try {
    // First, so that nobody is told of a server that does not start.
    const metrics = metricsPort === undefined ? undefined : await metricsAt(server, metricsPort)
    return { url: await serveAt(server, settings), metricsUrl: metrics }
  } catch (error) {
    // A store that could not be opened cannot be closed either, and the first of the two errors tells more.
    await server.close().catch(() => undefined)
    throw error
  }
}

async function metricsAt(server: SyncServer, port: number): Promise<string> {
  try {
    return `${(await serveMetrics(server, { port, host: METRICS_HOST })).url}/metrics`
  } catch (error) {
    throw named(error, { variable: 'WHISKER_METRICS_PORT', host: METRICS_HOST, port })
  }
}

async function serveAt(server: SyncServer, { host, port, isBehindProxy }: Settings): Promise<string> {
  const remoteAddress = isBehindProxy ? lastForwarded : undefined
  try {
    return (await serve(server, { host, port, remoteAddress, drainOnSignal: true })).url
  } catch (error) {
    throw named(error, { variable: 'WHISKER_PORT', host, port })
  }
}

interface Place {
  readonly variable: string
  readonly host: string
  readonly port: number
}

/** In the words of the environment, if the place is what is wrong. */
function named(error: unknown, { variable, host, port }: Place): unknown {
  if (!isSyncError(error) || error.code !== 'invalid_options') return error
  const { cause } = error
  // The settings are checked, so it is the one thing that serve itself refuses.
  if (!(cause instanceof Error)) {
    return new SyncError(
      'invalid_options',
      `Expected API keys or JWT where WHISKER_HOST=${host} shows the server to other machines, got neither.`,
      { fix: 'Set WHISKER_API_KEYS, or the WHISKER_JWT_… variables; or leave WHISKER_HOST out.', cause: error },
    )
  }
  const code = 'code' in cause ? cause.code : undefined
  if (code === 'EADDRINUSE') {
    return new SyncError('invalid_options', `${variable}=${port}: another program listens at ${host}:${port}.`, {
      fix: `End that program, or name another port in ${variable}.`,
      cause,
    })
  }
  if (code === 'EACCES') {
    return new SyncError('invalid_options', `${variable}=${port}: this user may not listen there.`, {
      fix: 'Name a port from 1024 on; a proxy can stand before it.',
      cause,
    })
  }
  return new SyncError('invalid_options', `WHISKER_HOST=${host}: nothing can listen there: ${cause.message}.`, {
    fix: 'Name an address of this machine, or 0.0.0.0 for all that it has.',
    cause,
  })
}
