import { createServer, serve, sqliteStore } from '@whisker/server'

// A server as a stranger writes it, for the pages that it is started with; it says where it listens and ends with SIGTERM.

const server = createServer({
  store: sqliteStore('sync.db'),
  authenticate: (request) => (request.headers.get('authorization') === 'Bearer secret' ? { id: 'me' } : undefined),
  cors: { origins: process.argv.slice(2) },
})
const { url } = await serve(server, { port: 0, drainOnSignal: true })
console.log(url)
