import { once } from 'node:events'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Peer, ReceivedRequest, Reply, TransportPlace } from '@whisker/conformance'
import { LIMITS, type Refusal, decodePull, decodePush, encodeRefusal, parseJson } from '@whisker/protocol'
import { httpTransport } from '../http-transport.ts'

const PIECE_BYTES = 7
const PACKED_FROM_BYTES = 1024

/** The status that goes with a refusal, as a server would choose it; of any other, its own failure. */
const STATUSES: ReadonlyMap<string, number> = new Map([
  ['bad_request', 400],
  ['unsupported_version', 400],
  ['needs_auth', 401],
  ['forbidden', 403],
  ['wrong_principal', 403],
  ['resync', 409],
  ['new_epoch', 409],
  ['too_large', 413],
  ['rate_limited', 429],
  ['unavailable', 503],
  ['space_full', 507],
])

const silent: Peer = () => ({ kind: 'silence' })

/** A real server on a free port that does what a script says, and transports to it. */
export async function scriptedPlace(): Promise<TransportPlace> {
  let peer = silent
  const listen = async (port: number): Promise<Server> => {
    const server = createServer((request, response) => {
      void answer(request, response, peer).catch((thrown: unknown) => response.destroy(thrown as Error))
    }).listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  let server: Server | undefined = await listen(0)
  const { port } = server.address() as AddressInfo
  const stop = async (): Promise<void> => {
    const running = server
    server = undefined
    if (!running) return
    const closed = once(running, 'close')
    running.close()
    running.closeAllConnections()
    await closed
  }
  return {
    transport: (settings) => httpTransport({ url: `http://127.0.0.1:${port}`, ...settings }),
    serve(next) {
      peer = next
    },
    stop,
    async start() {
      server ??= await listen(port)
    },
    dispose: stop,
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, peer: Peer): Promise<void> {
  if (request.url === '/health') {
    response.writeHead(200).end('{"ok":true}')
    return
  }
  const received = await receive(request)
  await carryOut(await peer(received), request, response)
}

async function receive(request: IncomingMessage): Promise<ReceivedRequest> {
  const address = request.url ?? ''
  const { pathname, searchParams } = new URL(address, 'http://localhost')
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const token = request.headers.authorization?.replace(/^Bearer /, '')
  const [, space = '', resource] = /^\/v1\/spaces\/([^/]+)\/(version|operations)$/.exec(pathname) ?? []
  const named = decodeURIComponent(space)
  if (resource === 'version') return { kind: 'version', space: named, token, address }
  if (request.method === 'POST') {
    const message = decodePush(named, parseJson(Buffer.concat(chunks).toString()), LIMITS)
    return { kind: 'push', message, token, address }
  }
  return { kind: 'pull', message: decodePull(named, Object.fromEntries(searchParams), LIMITS), token, address }
}

async function carryOut(reply: Reply, request: IncomingMessage, response: ServerResponse): Promise<void> {
  switch (reply.kind) {
    case 'answer': {
      const body = Buffer.from(reply.text)
      if (reply.inPieces) return inPieces(body, response)
      const isPacked = body.byteLength >= PACKED_FROM_BYTES && request.headers['accept-encoding']?.includes('gzip')
      response.writeHead(200, isPacked ? { 'content-encoding': 'gzip' } : {}).end(isPacked ? gzipSync(body) : body)
      return
    }
    case 'refusal':
      response.writeHead(STATUSES.get(reply.refusal.code) ?? 500, headersOf(reply.refusal))
      response.end(JSON.stringify(encodeRefusal(reply.refusal)))
      return
    case 'part': {
      const body = Buffer.from(reply.text)
      response.writeHead(200)
      response.flushHeaders()
      const isOpen = reply.part === 0 || (await sent(body.subarray(0, body.byteLength * reply.part), response))
      if (isOpen && reply.ending === 'hang_up') response.destroy()
      return
    }
    case 'silence':
      return
    case 'hang_up':
      response.destroy()
  }
}

const headersOf = ({ retryAfterMs }: Refusal): Record<string, string> =>
  retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }

async function inPieces(body: Buffer, response: ServerResponse): Promise<void> {
  response.writeHead(200)
  for (let start = 0; start < body.byteLength; start += PIECE_BYTES) {
    if (!(await sent(body.subarray(start, start + PIECE_BYTES), response))) return
    await delay(0)
  }
  response.end()
}

/** Whether the bytes went out before the connection ended. */
const sent = (bytes: Buffer, response: ServerResponse): Promise<boolean> =>
  new Promise((resolve) => response.write(bytes, (failure) => resolve(!failure)))
