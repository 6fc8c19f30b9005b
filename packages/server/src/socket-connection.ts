import type { Duplex } from 'node:stream'
import {
  type Clock,
  type Limits,
  SOCKET_DEAD_MS,
  SOCKET_PING_MS,
  type ToServer,
  decodeToServer,
  encodeToClient,
  parseJson,
  socketFrameEnds,
} from '@whisker/protocol'
import type { RawData, WebSocket } from 'ws'
import { type Exchange, newExchange } from './answer.ts'
import { MOST_BUFFERED_BYTES, TOO_SLOW } from './live-subscription.ts'
import { MOST_UNREAD_BYTES } from './read-frame.ts'
import { type RefusedRequest, refusalFor, refusalOf } from './refusal.ts'
import type { ClientConnection } from './server-client.ts'
import type { ServerMetrics } from './server-metrics.ts'
import type { Principal } from './principal.ts'
import { BURST_SECONDS, type SocketLimits } from './socket-limits.ts'
import { SOCKET_PATH } from './socket-path.ts'
import { closeCodeOf, tooMany } from './socket-refusals.ts'
import { TokenBucket } from './token-bucket.ts'

/** What a push, the largest message there is, has around it on a socket: its kind, its number, its space. */
export const ENVELOPE_BYTES = 256

export interface ConnectionParts {
  readonly webSocket: WebSocket
  readonly raw: Duplex
  readonly clock: Clock
  readonly limits: Limits
  readonly socketLimits: SocketLimits
  readonly metrics: ServerMetrics
  /** Throws if the token is nobody's. */
  identify(token: string | undefined): Promise<Principal>
  take(message: ToServer): void
  /** Once, when nothing can be sent or come any more. */
  over(status: number, exchange: Exchange): void
}

/** How much may come before somebody says who they are. */
const HELLO_BYTES = 16 * 1024
/** How long the other side has to answer that the socket is closed. */
const CLOSE_MS = 1000

/** One open socket as messages: bounded both ways, kept alive, and closed with a reason. */
export class SocketConnection implements ClientConnection {
  readonly #parts: ConnectionParts
  readonly #exchange = newExchange(SOCKET_PATH)
  readonly #messages: TokenBucket
  readonly #bytes: TokenBucket
  readonly #drained: (() => void)[] = []
  /** Whether somebody said who they are. */
  #isGreeted = false
  #bytesBefore = 0
  /** Of what was sent, but for frames, the bytes that have not left. */
  #waitingBytes = 0
  #status = 200
  #isClosing = false
  #isOver = false
  #heardMs: number
  #stopPing: () => void = () => undefined
  #stopWatch: () => void = () => undefined
  #stopClosing: () => void = () => undefined

  constructor(parts: ConnectionParts) {
    const { webSocket, raw, clock, limits, socketLimits } = parts
    const { messagesPerSecond, bytesPerSecond } = socketLimits
    const mostBytes = Math.max(bytesPerSecond * BURST_SECONDS, limits.messageBytes + ENVELOPE_BYTES)
    this.#parts = parts
    this.#messages = new TokenBucket(messagesPerSecond, messagesPerSecond * BURST_SECONDS, clock)
    this.#bytes = new TokenBucket(bytesPerSecond, mostBytes, clock)
    this.#heardMs = clock.now()
    webSocket.on('error', (error) => this.#failed(error))
    webSocket.on('message', (data, isBinary) => this.#received(data, isBinary))
    // Each costs as much as a message.
    for (const control of ['ping', 'pong'] as const) webSocket.on(control, () => void this.#count())
    webSocket.on('close', () => this.#ended())
    // After `ws` has read the same bytes: a hello among them was taken by then.
    raw.on('data', (chunk: Uint8Array) => this.#heard(chunk.byteLength))
    this.#ping()
    this.#watch()
  }

  /** What was sent and has not left yet. */
  get bufferedBytes(): number {
    return this.#parts.webSocket.bufferedAmount
  }

  get isClosing(): boolean {
    return this.#isClosing
  }

  async identify(token: string | undefined): Promise<Principal> {
    return this.#parts.identify(token)
  }

  /** From now on as much may come as the limits say. */
  greeted(): void {
    this.#isGreeted = true
  }

  /** Nothing more is read until `resume`, but for what has come already. */
  pause(): void {
    this.#parts.webSocket.pause()
  }

  resume(): void {
    this.#parts.webSocket.resume()
  }

  /** Sends, or closes if too much waits for the reader. A message with nothing before it never is too much. */
  send(text: string): void {
    if (this.#waitingBytes > MOST_BUFFERED_BYTES) return this.#dropSlow()
    const bytes = Buffer.byteLength(text)
    this.#waitingBytes += bytes
    this.#write(text, () => (this.#waitingBytes -= bytes))
  }

  #dropSlow(): void {
    if (!this.#isClosing) this.#parts.metrics.slowReaders.add('dropped')
    this.close(TOO_SLOW)
  }

  /** Sends a frame, in UTF-8, for a subscription: its subscription has looked how much waits. */
  sendFrame(number: number, frame: Uint8Array): void {
    const [before, after] = socketFrameEnds(number)
    this.#write(Buffer.concat([Buffer.from(before), frame, Buffer.from(after)]), () => undefined)
  }

  /** Resolves when less than a mebibyte waits for the reader, or there is none any more. */
  async drained(): Promise<void> {
    if (this.#isOver || this.bufferedBytes <= MOST_UNREAD_BYTES) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#drained.push(resolve)
    await promise
  }

  /** Tells why, and closes. What failed inside is for the log. */
  close({ status, refusal }: RefusedRequest, failure?: readonly string[]): void {
    if (this.#isClosing) return
    this.#write(encodeToClient({ kind: 'close', refusal }), () => undefined)
    this.#exchange.failure = failure
    this.#closing(status, refusal.code)
    // What is not read would never hear that the other side closes too.
    this.resume()
    this.#parts.webSocket.close(closeCodeOf(refusal.code), refusal.code.slice(0, 100))
  }

  terminate(): void {
    this.#parts.webSocket.terminate()
  }

  #closing(status: number, code: string): void {
    this.#isClosing = true
    this.#status = status
    this.#exchange.code = code
    this.#stopClosing = this.#parts.clock.after(CLOSE_MS, () => this.terminate())
  }

  #write(message: string | Uint8Array, left: () => void): void {
    const { webSocket } = this.#parts
    if (webSocket.readyState !== webSocket.OPEN || this.#isClosing) return left()
    const bytes = Buffer.byteLength(message)
    this.#exchange.bytes += bytes
    this.#parts.metrics.bytesSent.add(bytes)
    webSocket.send(message, { binary: false }, () => {
      left()
      this.#release()
    })
  }

  #release(): void {
    if (!this.#isOver && this.bufferedBytes > MOST_UNREAD_BYTES) return
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  #heard(bytes: number): void {
    this.#parts.metrics.bytesReceived.add(bytes)
    this.#heardMs = this.#parts.clock.now()
    if (!this.#isGreeted) {
      this.#bytesBefore += bytes
      if (this.#bytesBefore > HELLO_BYTES) return this.close(TOO_MUCH_BEFORE)
    }
    const waitMs = this.#bytes.take(bytes)
    if (waitMs > 0) this.close(tooMany('bytes a second on this socket', waitMs))
  }

  /** Whether one message more is taken. */
  #count(): boolean {
    if (this.#isClosing) return false
    const waitMs = this.#messages.take(1)
    if (waitMs > 0) this.close(tooMany('messages a second on this socket', waitMs))
    return waitMs === 0
  }

  #received(data: RawData, isBinary: boolean): void {
    if (!this.#count()) return
    if (isBinary) return this.close(NO_TEXT)
    const bytes = data as Buffer
    if (!this.#isGreeted && bytes.byteLength > HELLO_BYTES) return this.close(TOO_MUCH_BEFORE)
    const message = this.#read(bytes.toString())
    if (message) this.#parts.take(message)
  }

  #read(text: string): ToServer | undefined {
    try {
      // A message, and the list around it.
      return decodeToServer(parseJson(text, this.#parts.limits.messageDepth + 1))
    } catch (thrown) {
      this.close(refusalFor(thrown))
      return undefined
    }
  }

  #ping(): void {
    this.#stopPing = this.#parts.clock.after(SOCKET_PING_MS, () => {
      this.send(encodeToClient({ kind: 'ping' }))
      this.#ping()
    })
  }

  /** Any byte is a sign of life: one message may take longer to arrive than a silence lasts. */
  #watch(): void {
    const { clock } = this.#parts
    const leftMs = this.#heardMs + SOCKET_DEAD_MS - clock.now()
    if (leftMs > 0) this.#stopWatch = clock.after(leftMs, () => this.#watch())
    else this.terminate()
  }

  /** What is no WebSocket, or too large: `ws` has closed it already, with a code that every WebSocket knows. */
  #failed(error: Error): void {
    if (this.#isClosing) return
    const isTooLarge = 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
    if (isTooLarge) this.#closing(413, 'too_large')
    else this.#closing(400, 'bad_message')
  }

  #ended(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#isClosing = true
    this.#stopPing()
    this.#stopWatch()
    this.#stopClosing()
    this.#release()
    this.#parts.over(this.#status, this.#exchange)
  }
}

const TOO_MUCH_BEFORE: RefusedRequest = {
  status: 413,
  refusal: refusalOf('too_large', `Before anybody says who they are, ${HELLO_BYTES} bytes may come.`, {
    fix: 'Send the hello first, with a shorter token.',
  }),
}
const NO_TEXT: RefusedRequest = { status: 400, refusal: refusalOf('bad_message', 'Expected a text, got bytes.') }
