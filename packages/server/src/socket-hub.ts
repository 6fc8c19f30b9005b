import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { SOCKET_PROTOCOL, type SyncError } from '@whisker/protocol'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Exchange, answerRefusal, newExchange } from './answer.ts'
import { answerOn } from './raw-answer.ts'
import { DRAIN_MS, type RefusedRequest, SERVER_CLOSES, refusalFor, refusalOf, refused } from './refusal.ts'
import { failureOf } from './request-log.ts'
import type { ClientConnection, ServerClient } from './server-client.ts'
import type { Principal } from './principal.ts'
import { type ClientServices, SocketClient } from './socket-client.ts'
import { ENVELOPE_BYTES, SocketConnection } from './socket-connection.ts'
import { SocketDoor } from './socket-door.ts'
import { SOCKET_PATH } from './socket-path.ts'
import { badRequest } from './socket-refusals.ts'
import { requestOf, withToken } from './upgrade-request.ts'

export interface HubServices extends ClientServices {
  /** Throws what the socket is refused with, before anybody says who they are. */
  checkUpgrade(request: Request): void
  identify(request: Request): Promise<Principal>
  record(method: string, startedMs: number, status: number, exchange: Exchange): void
}

export interface SocketHub {
  readonly openCount: number
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, remoteAddress: string): void
  /** One that comes another way than by a request of Node's. */
  client(connection: ClientConnection): ServerClient
  /** Resolves when every socket is closed: each is told so, and closed when it waits for no answer any more. */
  close(): Promise<void>
  /** Cuts those that are left. */
  terminate(): void
}

/** A message of four mebibytes comes in so many parts at most, and so many pieces of the network's. */
const MOST_FRAGMENTS = 1024
const MOST_CHUNKS = 8192

/** All sockets of a server, from the request that opens one to its end. */
export function createSocketHub(services: HubServices): SocketHub {
  const { clock, random, limits, socketLimits } = services
  const door = new SocketDoor(socketLimits, clock, random)
  const open = new Map<SocketClient, ClientConnection>()
  let allClosed: (() => void) | undefined
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.messageBytes + ENVELOPE_BYTES,
    maxFragments: MOST_FRAGMENTS,
    maxBufferedChunks: MOST_CHUNKS,
    handleProtocols: () => SOCKET_PROTOCOL,
  })
  webSockets.on('wsClientError', (error, socket) => refuse(socket, badRequest(`${error.message}.`)))

  function refuse(socket: Duplex, { status, refusal }: RefusedRequest, failure?: readonly string[]): void {
    answerOn(socket, answerRefusal(status, refusal))
    const exchange = { ...newExchange(SOCKET_PATH), code: refusal.code, failure }
    services.record('UPGRADE', clock.now(), status, exchange)
  }

  function check(request: Request, address: string): void {
    if (services.isClosing()) throw refused(SERVER_CLOSES.refusal)
    if (new URL(request.url).pathname !== SOCKET_PATH) throw noSuchPath()
    services.checkUpgrade(request)
    const protocols = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim())
    if (!protocols.includes(SOCKET_PROTOCOL)) throw noProtocol()
    door.check(address)
  }

  function connect(webSocket: WebSocket, raw: Duplex, request: Request, address: string): void {
    const startedMs = clock.now()
    const place = door.take(address)
    const connection = new SocketConnection({
      webSocket,
      raw,
      clock,
      limits,
      socketLimits,
      metrics: services.metrics,
      identify: async (token) => services.identify(withToken(request, token)),
      take: (message) => client.take(message),
      over(status, exchange) {
        place.leave()
        gone(client)
        services.record('SOCKET', startedMs, status, exchange)
      },
    })
    const admit = (): void => {
      place.admit()
      connection.greeted()
    }
    const client = new SocketClient({ connection, admit, enter: (principal) => place.enter(principal) }, services)
    open.set(client, connection)
  }

  function gone(client: SocketClient): void {
    client.over()
    open.delete(client)
    if (open.size === 0) allClosed?.()
  }

  return {
    get openCount() {
      return open.size
    },

    upgrade(incoming, socket, head, address) {
      // Before anything else: an error that nobody listens to ends the process.
      socket.on('error', () => socket.destroy())
      try {
        const request = requestOf(incoming)
        check(request, address)
        webSockets.handleUpgrade(incoming, socket, head, (webSocket) => connect(webSocket, socket, request, address))
      } catch (thrown) {
        const refusal = refusalFor(thrown)
        refuse(socket, refusal, refusal.status >= 500 ? failureOf(thrown) : undefined)
      }
    },

    client(connection) {
      const client = new SocketClient({ connection, admit: () => undefined, enter: () => undefined }, services)
      open.set(client, connection)
      return { take: (message) => client.take(message), over: () => gone(client) }
    },

    async close() {
      if (open.size === 0) return
      const { promise, resolve } = Promise.withResolvers<void>()
      allClosed = resolve
      for (const client of open.keys()) {
        // Spread, so that they do not come to the next server all at once.
        const retryAfterMs = Math.ceil(DRAIN_MS * (0.1 + random.fraction()))
        client.leave({ ...SERVER_CLOSES, refusal: { ...SERVER_CLOSES.refusal, retryAfterMs } })
      }
      await promise
    },

    terminate() {
      for (const connection of open.values()) connection.terminate()
    },
  }
}

const noSuchPath = (): SyncError => refused(refusalOf('bad_request', 'There is nothing at this path.'), 404)
const noProtocol = (): SyncError =>
  refused(
    refusalOf('bad_request', `Expected the subprotocol ${SOCKET_PROTOCOL}.`, { fix: 'Name it when you connect.' }),
  )
