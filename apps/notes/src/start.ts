import { join } from 'node:path'
import { createServer, serve, sqliteStore } from '@whisker/server'
import { createServer as createPageServer } from 'vite'
import type { Options } from './options.ts'

export interface Running {
  readonly pageUrl: string
  readonly syncUrl: string
  close(): Promise<void>
}

/** Starts the server, and serves the page that is told where it is. Leaves nothing running if either fails. */
export async function start({ pagePort, syncPort, file }: Options): Promise<Running> {
  // Without `authenticate` only this machine and its own pages are answered.
  const server = createServer({ store: sqliteStore(file) })
  try {
    const listener = await serve(server, { port: syncPort })
    const page = await servePage(pagePort, listener.url)
    return {
      pageUrl: page.url,
      syncUrl: listener.url,
      async close() {
        await Promise.all([page.close(), listener.close()])
        await server.close()
      },
    }
  } catch (thrown) {
    await server.close()
    throw thrown
  }
}

async function servePage(port: number, syncUrl: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const page = await createPageServer({
    configFile: false,
    root: join(import.meta.dirname, '../page'),
    logLevel: 'error',
    define: { 'import.meta.env.VITE_SYNC_URL': JSON.stringify(syncUrl) },
    server: { port, strictPort: true },
  })
  try {
    await page.listen()
  } catch (thrown) {
    await page.close()
    throw thrown
  }
  return { url: page.resolvedUrls?.local[0] ?? '', close: async () => page.close() }
}
