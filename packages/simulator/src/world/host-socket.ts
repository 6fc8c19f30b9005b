import {
  type Refusal,
  SyncError,
  type ToServer,
  decodeToServer,
  encodeSocketFrame,
  encodeToClient,
  parseJson,
} from '@whisker/protocol'
import type { ClientConnection, Principal, RefusedRequest, ServerClient, SyncServer } from '@whisker/server'
import type { Answer } from './answer.ts'
import type { Process } from './process.ts'
import type { Said } from './rights.ts'

/** Where a connection leads: what it is told, in order. */
export interface ClientEnd {
  /** What was told and not read yet. */
  readonly unreadBytes: number
  told(text: string): void
  /** Nothing follows what was told. */
  closed(): void
}

export type Accept = (end: ClientEnd) => HostSocket

export interface HostSocketOptions {
  readonly server: SyncServer
  readonly process: Process
  readonly end: ClientEnd
  readonly isExpired: (principal: string) => boolean
  /** Told what somebody asks for; returns what looks at the answer. */
  readonly asked: (said: Said, principal: string, body: unknown) => (answer: Answer) => void
  /** Told of each frame. */
  readonly shown: (principal: string, frame: string) => void
}

/** What is held back until the reader has read. */
const MOST_UNREAD_BYTES = 1024 * 1024
/** How long the other side has to answer that the connection is closed. */
const CLOSE_MS = 1000

/** The server's end of a connection that stays: the real client of the real server, in the messages of a socket. */
export class HostSocket implements ClientConnection {
  isClosing = false
  readonly #options: HostSocketOptions
  readonly #client: ServerClient
  readonly #looks = new Map<number, (answer: Answer) => void>()
  readonly #drained: (() => void)[] = []
  /** What the last hello said, whether or not it was true. */
  #claimed = ''
  #isOver = false

  constructor(options: HostSocketOptions) {
    this.#options = options
    this.#client = options.server.client(this)
  }

  get process(): Process {
    return this.#options.process
  }

  /** A message has arrived. */
  take(text: string): void {
    if (this.isClosing) return
    let message: ToServer
    try {
      message = decodeToServer(parseJson(text))
    } catch {
      return this.close({ status: 400, refusal: refusalOf('bad_message') })
    }
    this.#note(message)
    if (!this.isClosing) this.#client.take(message)
  }

  /** The client has read something. */
  read(): void {
    if (!this.#isOver && this.bufferedBytes > MOST_UNREAD_BYTES) return
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  /** The connection is gone. */
  over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.isClosing = true
    this.read()
    this.#client.over()
  }

  get bufferedBytes(): number {
    return this.#options.end.unreadBytes
  }

  async identify(token: string | undefined): Promise<Principal> {
    if (token !== undefined && !this.#options.isExpired(token)) return { id: token }
    throw new SyncError('needs_auth', 'The token has expired.')
  }

  send(text: string): void {
    const [, number, status] = /^\["answer",(\d+),(\d+),/.exec(text) ?? []
    if (number !== undefined) this.#look(Number(number), { status: Number(status), text })
    this.#tell(text)
  }

  sendFrame(number: number, frame: Uint8Array): void {
    const text = new TextDecoder().decode(frame)
    this.#options.shown(this.#claimed, text)
    this.#tell(encodeSocketFrame(number, text))
  }

  async drained(): Promise<void> {
    if (this.#isOver || this.bufferedBytes <= MOST_UNREAD_BYTES) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#drained.push(resolve)
    await promise
  }

  /** What arrives while nobody reads is little: the client waits for its welcome. */
  pause(): void {}

  resume(): void {}

  close({ refusal }: RefusedRequest): void {
    if (this.isClosing) return
    this.#tell(encodeToClient({ kind: 'close', refusal }))
    this.isClosing = true
    this.#options.end.closed()
    this.process.after(CLOSE_MS, () => this.terminate())
  }

  terminate(): void {
    this.#options.end.closed()
    this.over()
  }

  #note(message: ToServer): void {
    switch (message.kind) {
      case 'hello':
        this.#claimed = message.token ?? ''
        break
      case 'version':
        return this.#noteAsked('version', {}, message.number)
      case 'pull':
      case 'subscribe':
        return this.#noteAsked(message.kind, message.parameters, message.number)
      case 'push':
        return this.#noteAsked('push', message.message, message.number)
      default:
    }
  }

  #noteAsked(said: Said, body: unknown, number: number): void {
    const look = this.#options.asked(said, this.#claimed, body)
    if (said !== 'subscribe') this.#looks.set(number, look)
    if (this.#options.isExpired(this.#claimed)) this.close({ status: 401, refusal: refusalOf('needs_auth') })
  }

  #look(number: number, answer: Answer): void {
    this.#looks.get(number)?.(answer)
    this.#looks.delete(number)
  }

  #tell(text: string): void {
    // A process that was killed says nothing more, whatever of its code still runs here.
    if (this.process.isAlive && !this.isClosing) this.#options.end.told(text)
  }
}

const refusalOf = (code: string): Refusal => ({
  code,
  message: code,
  fix: undefined,
  reason: undefined,
  epochs: [],
  timeMs: undefined,
  retryAfterMs: undefined,
  head: undefined,
  replicas: [],
})
