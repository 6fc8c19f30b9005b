import {
  SyncError,
  type ToClient,
  type ToServer,
  decodeToClient,
  encodePull,
  encodePush,
  encodeSocketFrame,
  encodeToClient,
  parseJson,
} from '@whisker/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RefusedRequest } from './refusal.ts'
import type { ClientConnection, ServerClient } from './server-client.ts'
import type { Principal } from './principal.ts'
import type { SyncServer } from './server-options.ts'
import { settled } from './testing/frame-reader.ts'
import { SessionClient } from './testing/session-client.ts'
import { testServer } from './testing/test-server.ts'

/** A connection in memory: what is sent is read at once. */
class Pipe implements ClientConnection {
  readonly bufferedBytes = 0
  readonly told: ToClient[] = []
  readonly client: ServerClient
  isClosing = false
  isCut = false

  constructor(server: SyncServer) {
    this.client = server.client(this)
    onTestFinished(() => this.client.over())
  }

  async say(...messages: readonly ToServer[]): Promise<void> {
    for (const message of messages) this.client.take(message)
    await settled()
  }

  get kinds(): readonly string[] {
    return this.told.map(({ kind }) => kind)
  }

  async identify(token: string | undefined): Promise<Principal> {
    if (token === 'good') return { id: 'local' }
    throw new SyncError('needs_auth', 'Nobody has this token.')
  }

  send(text: string): void {
    this.told.push(decodeToClient(parseJson(text)))
  }

  sendFrame(number: number, frame: Uint8Array): void {
    this.send(encodeSocketFrame(number, new TextDecoder().decode(frame)))
  }

  async drained(): Promise<void> {}
  pause(): void {}
  resume(): void {}

  close({ refusal }: RefusedRequest): void {
    this.send(encodeToClient({ kind: 'close', refusal }))
    this.isClosing = true
  }

  terminate(): void {
    this.isCut = true
    this.client.over()
  }
}

const HELLO: ToServer = { kind: 'hello', token: 'good' }

/** A server, somebody who writes to it, and what a client says of the same space. */
async function pipeWorld() {
  const { server, clock } = testServer()
  const writer = await new SessionClient(server, 'writer').meet()
  const parameters = encodePull(writer.pullRequest())
  const write = async (document: string): Promise<void> => {
    writer.create(document, {})
    await writer.push()
    await settled()
  }
  const subscribe: ToServer = { kind: 'subscribe', number: 1, space: writer.space, parameters }
  return { server, clock, writer, write, subscribe, parameters }
}

describe('a client', () => {
  test('speaks over any connection as over a socket', async () => {
    const { server, writer, write, subscribe, parameters } = await pipeWorld()
    const pipe = new Pipe(server)
    const { space } = writer
    await pipe.say(HELLO, subscribe)
    await write('one')
    const late = await new SessionClient(server, 'late').meet()
    late.create('two', {})
    await pipe.say({ kind: 'pull', number: 2, space, parameters })
    await pipe.say({ kind: 'push', number: 3, space, message: encodePush(late.pushRequest()) })
    expect(pipe.kinds).toEqual(['welcome', 'begun', 'present', 'frame', 'answer', 'answer', 'frame'])
    expect(pipe.told.filter((one) => one.kind === 'answer').map(({ number, status }) => [number, status])).toEqual([
      [2, 200],
      [3, 200],
    ])
  })

  test('is told why nobody knows its token', async () => {
    const { server } = await pipeWorld()
    const pipe = new Pipe(server)
    await pipe.say({ kind: 'hello', token: 'stolen' })
    expect(pipe.told).toMatchObject([{ kind: 'close', refusal: { code: 'needs_auth' } }])
  })

  test('is over with its connection: nothing is told or kept of it any more', async () => {
    const { server, write, subscribe } = await pipeWorld()
    const pipe = new Pipe(server)
    await pipe.say(HELLO, subscribe)
    expect(server.metrics()).toContain('whisker_sockets_open 1')
    pipe.client.over()
    await write('one')
    expect(pipe.kinds).toEqual(['welcome', 'begun', 'present'])
    expect(server.metrics()).toContain('whisker_sockets_open 0')
  })

  test('is closed with the server, which waits until it is over', async () => {
    const { server, subscribe } = await pipeWorld()
    const pipe = new Pipe(server)
    await pipe.say(HELLO, subscribe)
    let isClosed = false
    const closing = server.close().then(() => (isClosed = true))
    await settled()
    expect(pipe.told.at(-1)).toMatchObject({ kind: 'close', refusal: { code: 'unavailable' } })
    expect(isClosed).toBe(false)
    pipe.client.over()
    await closing
    expect(() => server.client(pipe)).toThrow('The server is closed.')
  })

  test('is cut when it does not end with the server', async () => {
    const { server, clock } = await pipeWorld()
    const pipe = new Pipe(server)
    await pipe.say(HELLO)
    const closing = server.close()
    await settled()
    clock.advance(10_000)
    await closing
    expect(pipe.isCut).toBe(true)
  })
})
