import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Peer, ReceivedRequest, Reply, TransportPlace } from '@whisker/conformance'
import {
  LIMITS,
  SOCKET_PROTOCOL,
  type ToServer,
  decodePull,
  decodePush,
  decodeToServer,
  encodeRefusal,
  encodeSocketAnswer,
  encodeToClient,
  parseJson,
} from '@whisker/protocol'
import { type WebSocket, WebSocketServer } from 'ws'
import { webSocketTransport } from '../node.ts'

const PIECE_BYTES = 7

const silent: Peer = () => ({ kind: 'silence' })

/** A real server on a free port that does what a script says, and transports to it. */
export async function scriptedPlace(): Promise<TransportPlace> {
  let peer = silent
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => SOCKET_PROTOCOL, maxPayload: 1e8 })
  sockets.on('connection', (socket: WebSocket, request: { readonly url: string }) =>
    talk(socket, request.url, (received) => peer(received)),
  )
  const listen = async (port: number): Promise<Server> => {
    const server = createServer().listen(port, '127.0.0.1')
    server.on('upgrade', (request, stream, head) =>
      sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit('connection', socket, request)),
    )
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
    for (const socket of sockets.clients) socket.terminate()
    await closed
  }
  return {
    transport: (settings) => webSocketTransport({ url: `http://127.0.0.1:${port}`, ...settings }),
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

function talk(socket: WebSocket, address: string, peer: Peer): void {
  let token: string | undefined
  socket.on('error', () => undefined)
  socket.on('message', (data) => {
    const message = decodeToServer(parseJson((data as Buffer).toString()))
    if (message.kind === 'hello') {
      token = message.token
      return socket.send(encodeToClient({ kind: 'welcome' }))
    }
    if (message.kind === 'ping') return socket.send(encodeToClient({ kind: 'pong' }))
    const received = receive(message, { token, address })
    if (!received || !('number' in message)) return
    const { number } = message
    void Promise.resolve(peer(received)).then((reply) => carryOut(reply, number, socket))
  })
}

function receive(message: ToServer, where: Pick<ReceivedRequest, 'token' | 'address'>): ReceivedRequest | undefined {
  switch (message.kind) {
    case 'version':
      return { ...where, kind: 'version', space: message.space }
    case 'pull':
      return { ...where, kind: 'pull', message: decodePull(message.space, message.parameters, LIMITS) }
    case 'push':
      return { ...where, kind: 'push', message: decodePush(message.space, message.message, LIMITS) }
    default:
      return undefined
  }
}

function carryOut(reply: Reply, number: number, socket: WebSocket): void {
  switch (reply.kind) {
    case 'answer': {
      const text = encodeSocketAnswer(number, 200, reply.text)
      if (reply.inPieces) return inPieces(text, socket)
      return socket.send(text)
    }
    case 'refusal':
      return socket.send(encodeSocketAnswer(number, 400, JSON.stringify(encodeRefusal(reply.refusal))))
    case 'part': {
      const text = Buffer.from(encodeSocketAnswer(number, 200, reply.text))
      const hangUp = (): void => {
        if (reply.ending === 'hang_up') socket.terminate()
      }
      return socket.send(text.subarray(0, text.byteLength * reply.part), { fin: false, binary: false }, hangUp)
    }
    case 'silence':
      return
    case 'hang_up':
      socket.terminate()
  }
}

function inPieces(text: string, socket: WebSocket): void {
  const bytes = Buffer.from(text)
  for (let start = 0; start < bytes.byteLength; start += PIECE_BYTES) {
    const end = start + PIECE_BYTES
    socket.send(bytes.subarray(start, end), { fin: end >= bytes.byteLength, binary: false })
  }
}
