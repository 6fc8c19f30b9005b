import { once } from 'node:events'
import { type IncomingMessage, type RequestListener, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A real server on a free port, gone when the test is over; returns its url. */
export async function serverWith(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export interface Seen {
  readonly method: string | undefined
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A server that gives one answer to everything and keeps what it was asked. */
export async function serverAnswering(
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly url: string; readonly seen: Seen[] }> {
  const seen: Seen[] = []
  const url = await serverWith((request, response) => {
    void seenFrom(request).then((found) => {
      seen.push(found)
      return response.writeHead(status, headers).end(body)
    })
  })
  return { url, seen }
}

async function seenFrom(request: IncomingMessage): Promise<Seen> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return {
    method: request.method,
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: request.headers,
    body: Buffer.concat(chunks).toString(),
  }
}
