import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CLOSE_CODES, SOCKET_PROTOCOL, type SyncError, type Transport, encodeToClient } from '@whisker/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { webSocketTransport as overPlatform } from './index.ts'
import { webSocketTransport } from './node.ts'
import { subscribed, until } from './testing/live.ts'

/** A server that does with each socket what it is told to. */
async function serverWith(
  talk: (socket: WebSocket, count: number) => void,
  protocol: string | false = SOCKET_PROTOCOL,
): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  const sockets = new WebSocketServer({ server, handleProtocols: () => protocol })
  let count = 0
  sockets.on('connection', (socket) => talk(socket, ++count))
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function transportTo(url: string, make = webSocketTransport): Transport {
  const transport = make({ url, timeoutMs: 5000, random: { bytes: () => new Uint8Array(), fraction: () => 0 } })
  onTestFinished(async () => transport.close())
  return transport
}

const welcome = encodeToClient({ kind: 'welcome' })
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: SyncError) => error.code,
  )

test.each(['', 'hello', '{}', '[]', '["welcome",1]', '["frame"]', '["answer",1,200]', '['.repeat(100_000)])(
  'what is no message ends the socket, and whoever waits is told bad_message: %.20s',
  async (text) => {
    const url = await serverWith((socket, count) => {
      socket.on('message', () => socket.send(count === 1 ? text : welcome))
    })
    const transport = transportTo(url)
    expect(await codeOf(transport.version('x'))).toBe('bad_message')
    const told = subscribed(transport)
    expect(await transport.isAvailable()).toBe(true)
    expect(told.connected).toEqual([])
  },
)

test('bytes in place of a text end the socket', async () => {
  const url = await serverWith((socket) => socket.send(Buffer.from(welcome), { binary: true }))
  expect(await codeOf(transportTo(url).version('x'))).toBe('bad_message')
})

test.each([
  ['with ws', webSocketTransport],
  ["with the platform's own", overPlatform],
])('a server that speaks no subprotocol is none: %s', async (_, make) => {
  const url = await serverWith((socket) => socket.send(welcome), false)
  expect(['bad_message', 'network']).toContain(await codeOf(transportTo(url, make).version('x')))
})

test("the platform's own WebSocket does as well", async () => {
  const url = await serverWith((socket) => {
    socket.on('message', (data: Buffer) => {
      const [kind] = JSON.parse(data.toString()) as unknown[]
      if (kind === 'hello') socket.send(welcome)
      if (kind === 'subscribe') socket.send(encodeToClient({ kind: 'begun', number: 1 }))
    })
  })
  const told = subscribed(transportTo(url, overPlatform))
  await until(() => told.connected.length === 1)
  expect(told.connected).toEqual([true])
})

test('a socket on which nothing comes is given up with the first request that times out', async () => {
  let sockets = 0
  const url = await serverWith((socket, count) => {
    sockets = count
    socket.once('message', () => socket.send(welcome))
  })
  const transport = webSocketTransport({ url, timeoutMs: 200 })
  onTestFinished(async () => transport.close())
  expect(await codeOf(transport.version('x'))).toBe('timeout')
  expect(sockets).toBe(1)
  expect(await codeOf(transport.version('x'))).toBe('timeout')
  expect(sockets).toBe(2)
})

test.each([...Object.entries(CLOSE_CODES), ['too_large', 1009], ['unavailable', 1012], ['network', 1011]] as const)(
  'a socket that is closed with a code alone is told by the code: %s for %i',
  async (name, code) => {
    const url = await serverWith((socket) => {
      socket.once('message', () => {
        socket.send(welcome)
        socket.once('message', () => socket.close(code))
      })
    })
    expect(await codeOf(transportTo(url).version('x'))).toBe(name)
  },
)

test('whoever waits for a socket that is refused over HTTP is told network, and in Node the status', async () => {
  const server = createServer((_, response) => response.writeHead(503).end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await expect(transportTo(url).version('x')).rejects.toMatchObject({
    code: 'network',
    message: expect.stringContaining('503'),
  })
  await expect(transportTo(url, overPlatform).version('x')).rejects.toMatchObject({
    code: 'network',
    message: expect.stringContaining('could be opened'),
    fix: expect.stringContaining('`cors`'),
  })
})
