import { isSyncError } from '@whisker/protocol'
import { type Authenticate, type Authorize, createServer, serve, serveMetrics, sqliteStore } from '@whisker/server'
import { readIdentity } from './identity.ts'
import { lastForwarded } from './proxy.ts'
import { readRights } from './rights.ts'
import { settingsFrom } from './settings.ts'

// The server to deploy: what it is comes from the environment, as README.md tells.

const tell = (line: string): boolean => process.stderr.write(`${line}\n`)

try {
  await start()
} catch (error) {
  tell(messageOf(error))
  process.exit(1)
}

async function start(): Promise<void> {
  const settings = settingsFrom(process.env)
  const read = (): { identity: Authenticate | undefined; rights: Authorize } => ({
    identity: settings.identity && readIdentity(settings.identity),
    rights: readRights(settings.rights),
  })
  let current = read()
  const server = createServer({
    store: sqliteStore(settings.database),
    authenticate: settings.identity && ((request) => current.identity?.(request)),
    authorize: (principal, space, action) => current.rights(principal, space, action),
    cors: { origins: settings.origins },
    log: settings.logsRequests ? (line) => process.stdout.write(`${line}\n`) : undefined,
  })
  const { host, port, metricsPort } = settings
  const remoteAddress = settings.isBehindProxy ? lastForwarded : undefined
  const { url } = await serve(server, { host, port, remoteAddress, drainOnSignal: true })
  tell(`Whisker Sync listens at ${url} and keeps everything in ${settings.database}.`)
  if (settings.identity === undefined) tell('It asks nobody who they are, and so it answers this machine alone.')
  if (metricsPort !== undefined)
    tell(`Metrics are at ${(await serveMetrics(server, { port: metricsPort })).url}/metrics`)

  process.on('SIGHUP', () => {
    try {
      current = read()
      tell('Keys and rights were read again.')
      server.recheck().catch((error: unknown) => tell(messageOf(error)))
    } catch (error) {
      tell(`${messageOf(error)}\nKeys and rights stay as they were.`)
    }
  })
}

function messageOf(error: unknown): string {
  if (!isSyncError(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  return error.fix === undefined ? error.message : `${error.message}\n${error.fix}`
}
