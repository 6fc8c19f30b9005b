import { createServer, sqliteStore } from '@whisker/server'
import { readAccess } from './access.ts'
import { listen } from './listen.ts'
import { settingsFrom } from './settings.ts'
import { messageOf, tell } from './tell.ts'

// The server to deploy: what it is comes from the environment, as README.md tells.

const NOTHING_TO_READ = 'There was nothing to read again: neither keys nor rights are in a file.'
const STOPPED = 'Stopped: running requests are answered, and the database is closed.'
const CUT_OFF = 'Stopped before all requests were answered. What was acknowledged is kept.'

try {
  await start()
} catch (error) {
  tell(messageOf(error))
  process.exit(1)
}

async function start(): Promise<void> {
  const settings = settingsFrom(process.env)
  let access = readAccess(settings)
  const server = createServer({
    store: sqliteStore(settings.database),
    authenticate: settings.identity && ((request) => access.authenticate?.(request)),
    authorize: (principal, space, action) => access.authorize(principal, space, action),
    cors: { origins: settings.origins },
    log: settings.logsRequests ? (line) => process.stdout.write(`${line}\n`) : undefined,
  })
  // Before anybody can know that there is something to send a signal to: it would end the process.
  process.on('SIGHUP', () => {
    try {
      access = readAccess(settings)
      tell(access.contents === '' ? NOTHING_TO_READ : `Keys and rights were read again: ${access.contents}.`)
      for (const warning of access.warnings) tell(`Warning: ${warning}`)
      server.recheck().catch((error: unknown) => tell(messageOf(error)))
    } catch (error) {
      tell(`${messageOf(error)}\nKeys and rights stay as they were.`)
    }
  })
  const { url, metricsUrl } = await listen(server, settings)
  process.once('exit', (code) => tell(code === 0 ? STOPPED : CUT_OFF))
  tell(`Whisker Sync listens at ${url} and keeps everything in ${settings.database}.`)
  if (settings.identity === undefined) tell('It asks nobody who they are, and so it answers this machine alone.')
  if (metricsUrl !== undefined) tell(`Metrics are at ${metricsUrl}`)
  for (const warning of access.warnings) tell(`Warning: ${warning}`)
}
