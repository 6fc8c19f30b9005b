import { once } from 'node:events'
import {
  type LiveFrame,
  type MemberChange,
  type Refusal,
  SOCKET_PROTOCOL,
  type ToClient,
  type ToServer,
  decodeToClient,
  encodePull,
  encodeToServer,
  parseJson,
  systemClock,
} from '@whisker/protocol'
import { onTestFinished } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { createServer } from '../create-server.ts'
import { serve } from '../serve.ts'
import type { ServeOptions, ServerOptions, SyncServer } from '../server-options.ts'
import { sqliteStore } from '../sqlite-store.ts'
import { seededRandom } from './manual-clock.ts'
import { TestClient } from './test-client.ts'

export interface SocketWorld {
  readonly server: SyncServer
  readonly url: string
  readonly port: number
  /** A socket that is open, on which nothing was said. */
  readonly connect: (options?: ClientOptions) => Promise<SocketPeer>
  /** One that is known. */
  readonly peer: (token?: string) => Promise<SocketPeer>
}

/** A server on a port of this machine. */
export async function socketWorld(
  options: Partial<ServerOptions> = {},
  serveOptions: Partial<ServeOptions> = {},
): Promise<SocketWorld> {
  const server = createServer({
    store: sqliteStore(':memory:'),
    random: seededRandom(7),
    clock: systemClock,
    ...options,
  })
  const running = await serve(server, { port: 0, ...serveOptions })
  onTestFinished(async () => running.close())
  const { port } = new URL(running.url)
  const url = `ws://127.0.0.1:${port}/v1/socket`
  const connect = async (clientOptions: ClientOptions = {}): Promise<SocketPeer> => {
    const peer = new SocketPeer(new WebSocket(url, SOCKET_PROTOCOL, clientOptions))
    await peer.opened
    return peer
  }
  return {
    server,
    url,
    port: Number(port),
    connect,
    peer: async (token) => {
      const peer = await connect()
      peer.say({ kind: 'hello', token })
      await peer.next('welcome')
      return peer
    },
  }
}

type Told<K extends ToClient['kind']> = Extract<ToClient, { readonly kind: K }>

/** The client's end of a real socket, by hand: it keeps what it is told until somebody asks for it. */
export class SocketPeer {
  readonly webSocket: WebSocket
  readonly opened: Promise<unknown>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly told: ToClient[] = []
  /** All that it was ever told, in order. */
  readonly heard: ToClient[] = []
  readonly #waiting: (() => void)[] = []
  #lastNumber = 0
  #isClosed = false

  constructor(webSocket: WebSocket) {
    this.webSocket = webSocket
    webSocket.on('error', () => undefined)
    webSocket.on('message', (data: Buffer) => {
      const message = decodeToClient(parseJson(data.toString()))
      this.told.push(message)
      this.heard.push(message)
      this.#wake()
    })
    this.opened = once(webSocket, 'open')
    // Some wait for the end only.
    this.opened.catch(() => undefined)
    this.closed = new Promise((resolve) => {
      webSocket.on('close', (code, reason) => {
        this.#isClosed = true
        this.#wake()
        resolve({ code, reason: reason.toString() })
      })
    })
    onTestFinished(() => webSocket.terminate())
  }

  get number(): number {
    return ++this.#lastNumber
  }

  say(message: ToServer): void {
    this.webSocket.send(encodeToServer(message))
  }

  /** Says something, and waits until it was heard. */
  async beat(): Promise<void> {
    this.say({ kind: 'ping' })
    await this.next('pong')
  }

  /** Takes the next message of a kind, and of a number, past all others. */
  async next<K extends ToClient['kind']>(kind: K, number?: number): Promise<Told<K>> {
    for (;;) {
      const at = this.told.findIndex((one) => one.kind === kind && (number === undefined || numberOf(one) === number))
      if (at >= 0) return this.told.splice(at, 1)[0] as Told<K>
      if (this.#isClosed) throw new Error(`The socket was closed before ${kind}; told: ${JSON.stringify(this.told)}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.push(resolve)
      await promise
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Why the socket was closed, as the last message and the close code say it. */
  async end(): Promise<{ readonly refusal: Refusal; readonly code: number }> {
    const { code } = await this.closed
    return { refusal: (await this.next('close')).refusal, code }
  }

  /** Someone who pushes and pulls over this socket. */
  async client(name: string, space?: string): Promise<TestClient> {
    return new TestClient(async (request) => this.#send(request), name, space).meet()
  }

  /** Subscribes where somebody stands; resolves to its number once it has begun. */
  async subscribe(client: TestClient): Promise<number> {
    const { number } = this
    this.say({ kind: 'subscribe', number, space: client.space, parameters: encodePull(client.pullRequest()) })
    await this.next('begun', number)
    return number
  }

  async frame(number: number): Promise<LiveFrame | undefined> {
    return (await this.next('frame', number)).frame
  }

  async present(number: number): Promise<readonly MemberChange[]> {
    return (await this.next('present', number)).members
  }

  /** What a request over HTTP says, on the socket. */
  async #send(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const [, , , space = ''] = pathname.split('/')
    const { number } = this
    if (request.method === 'POST') this.say({ kind: 'push', number, space, message: await request.json() })
    else this.say({ kind: 'pull', number, space, parameters: Object.fromEntries(searchParams) })
    const { status, message } = await this.next('answer', number)
    return new Response(JSON.stringify(message), { status })
  }
}

const numberOf = (message: ToClient): number | undefined => ('number' in message ? message.number : undefined)
