import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createServer, serve, sqliteStore } from '@whisker/server'
import { createServer as createPageServer } from 'vite'

const HELP = `Notes in the browser, and the server that they sync through.

  node apps/notes/src/main.ts [options]

  --page <port>   where the page is (5173); 0 for any that is free
  --sync <port>   where the server is (8787); 0 for any that is free
  --file <path>   the server's database (notes.db, beside this app)
  --help          this text
`

const { values } = parseArgs({
  options: {
    page: { type: 'string', default: '5173' },
    sync: { type: 'string', default: '8787' },
    file: { type: 'string', default: join(import.meta.dirname, '../notes.db') },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(HELP)
} else {
  // Without `authenticate` only this machine and its own pages are answered.
  const server = createServer({ store: sqliteStore(values.file) })
  const listener = await serve(server, { port: Number(values.sync) })
  const page = await createPageServer({
    configFile: false,
    root: join(import.meta.dirname, '../page'),
    logLevel: 'error',
    define: { 'import.meta.env.VITE_SYNC_URL': JSON.stringify(listener.url) },
    server: { port: Number(values.page), strictPort: true },
  })
  await page.listen()
  console.log(`Notes: ${page.resolvedUrls?.local[0]}   (the server: ${listener.url})`)
  const end = async (): Promise<void> => {
    await Promise.all([page.close(), listener.close()])
    await server.close()
  }
  process.once('SIGINT', () => void end())
  process.once('SIGTERM', () => void end())
  console.log('Open it in several tabs, and in another browser as ?name=Tablet. Ctrl-C ends both.')
}
