import { type Socket, connect } from 'node:net'
import { type ToClient, decodeToClient, encodeToServer, parseJson } from '@whisker/protocol'
import { said, saidIn, wrongHeaders } from './what-came-back.ts'
import { answersIn, write } from './raw-exchange.ts'
import { OPCODES, frame, readFrames } from './web-socket-frames.ts'

/** What is sent on a connection on which a socket is opened, byte for byte. */
export interface Talk {
  /** The request that opens the socket. */
  readonly upgrade: Uint8Array
  /** Who says hello first, and is welcomed; nobody if it is left out. */
  readonly as?: string
  /** Sent one after the other, each on its way before the next; with what opened the socket if nobody says hello. */
  readonly pieces: readonly Uint8Array[]
  /** Closes its half, or resets the connection, after that. */
  readonly hangUp?: 'half' | 'reset'
  /** As many sockets are open already, of the same person. */
  readonly beside?: number
  readonly isBesideKnown?: boolean
}

/** The longest that it may take before the connection counts as hanging. */
const PATIENCE_MS = 15_000

/**
 * What the server did in the end: `refused 400 bad_request: …`, `answered 400 bad_message: …`, `ended forbidden: …`,
 * `closed 4400 bad_message: …`, `closed 1002`, `cut` without a word, or `alive` if it answered a ping.
 */
export async function talk(port: number, { beside = 0, isBesideKnown = false, ...parts }: Talk): Promise<string> {
  const others: RawSocket[] = []
  try {
    for (let n = 0; n < beside; n++) {
      const other = new RawSocket(port)
      others.push(other)
      await other.open(parts.upgrade, isBesideKnown ? 'mallory' : undefined)
    }
    const socket = new RawSocket(port)
    others.push(socket)
    return await socket.say(parts)
  } finally {
    for (const other of others) other.destroy()
  }
}

class RawSocket {
  readonly #socket: Socket
  #bytes: Buffer = Buffer.alloc(0)
  #isOpen = false
  #isOver = false
  /** Why the socket is closed, as the last message has it. */
  #reason = ''
  #end: string | undefined
  #isWelcome = false
  #wake: () => void = () => undefined

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    this.#socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#read()
      this.#wake()
    })
    // Unreferenced: it keeps nobody waiting.
    AbortSignal.timeout(PATIENCE_MS).addEventListener('abort', () => {
      this.#end ??= 'hanging'
      this.#socket.destroy()
    })
    // A server that refuses closes while much is still on its way: that resets the connection.
    for (const event of ['end', 'close', 'error']) {
      this.#socket.on(event, () => {
        this.#isOver = true
        this.#wake()
      })
    }
  }

  /** Opens a socket, and waits until it is open, or known. */
  async open(upgrade: Uint8Array, as: string | undefined): Promise<void> {
    await write(this.#socket, upgrade)
    await this.#until(() => this.#isOpen)
    if (as === undefined) return
    await write(this.#socket, frame({ payload: encodeToServer({ kind: 'hello', token: as }) }))
    await this.#until(() => this.#isWelcome)
  }

  async say({ upgrade, as, pieces, hangUp }: Talk): Promise<string> {
    if (as === undefined) await write(this.#socket, upgrade)
    else await this.open(upgrade, as)
    for (const piece of pieces) {
      if (this.#end !== undefined || this.#isOver) break
      await write(this.#socket, piece)
    }
    if (hangUp === 'half') this.#socket.end()
    if (hangUp === 'reset') {
      this.#socket.resetAndDestroy()
      return 'cut'
    }
    await this.#until(() => this.#end !== undefined)
    return this.#end ?? (this.#isOpen ? 'cut' : this.#refusal())
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Resolves when it is so, or the connection is over. */
  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.#isOver) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }

  #read(): void {
    if (!this.#isOpen) {
      const headEnd = this.#bytes.indexOf('\r\n\r\n')
      if (headEnd < 0 || !this.#bytes.toString('latin1').startsWith('HTTP/1.1 101 ')) return
      this.#isOpen = true
      this.#bytes = this.#bytes.subarray(headEnd + 4)
    }
    const { frames, rest } = readFrames(this.#bytes)
    this.#bytes = rest
    for (const { opcode, payload } of frames) {
      if (opcode === OPCODES.text) this.#take(decodeToClient(parseJson(payload.toString())))
      if (opcode === OPCODES.close) this.#end ??= `closed ${payload.readUInt16BE(0)} ${this.#reason}`.trim()
    }
  }

  #take(message: ToClient): void {
    if (message.kind === 'welcome') this.#isWelcome = true
    if (message.kind === 'close') this.#reason = said(message.refusal)
    if (message.kind === 'answer') this.#end ??= `answered ${message.status} ${saidIn(message.message)}`
    if (message.kind === 'end') this.#end ??= `ended ${said(message.refusal)}`
    if (message.kind === 'pong') this.#end ??= 'alive'
  }

  /** The answer over HTTP to an upgrade that opened nothing. */
  #refusal(): string {
    const [answer] = answersIn(this.#bytes)
    if (!answer) return 'cut'
    const wrong = wrongHeaders(answer)
    return `refused ${answer.status} ${saidIn(JSON.parse(answer.body))}${wrong.length > 0 ? ` with ${wrong.join(', ')}` : ''}`
  }
}
