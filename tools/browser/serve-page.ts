import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Rolldown, build } from 'vite'

export interface ServedPage {
  readonly url: string
  close(): void
}

/** The page in a folder, bundled as an app's is, on a port of this machine. */
export async function servePage(root: string): Promise<ServedPage> {
  const files = new Map((await filesOf(root)).map((file) => [`/${file.fileName}`, file]))
  const http = createServer((request, response) => {
    const file = files.get(request.url === '/' ? '/index.html' : (request.url ?? ''))
    if (!file) return void response.writeHead(404).end()
    response.setHeader('content-type', file.fileName.endsWith('.js') ? 'text/javascript' : 'text/html')
    response.end(file.type === 'chunk' ? file.code : file.source)
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    close() {
      http.close()
      http.closeAllConnections()
    },
  }
}

async function filesOf(root: string): Promise<readonly (Rolldown.OutputChunk | Rolldown.OutputAsset)[]> {
  const built = await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: { write: false, modulePreload: false, target: 'es2024' },
  })
  if (Array.isArray(built) || !('output' in built)) throw new Error('Expected one bundle.')
  return built.output
}
