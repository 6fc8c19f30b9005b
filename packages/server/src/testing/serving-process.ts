import { createServer } from '../create-server.ts'
import { serve } from '../serve.ts'
import { sqliteStore } from '../sqlite-store.ts'

/** A server process: `node serving-process.ts <file>`. It prints its URL, and ends on SIGTERM. */
const [path = ':memory:'] = process.argv.slice(2)
const { url } = await serve(createServer({ store: sqliteStore(path) }), { port: 0, drainOnSignal: true })
process.stdout.write(`${url}\n`)
