import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CLOSE_CODES, encodePull } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Authenticate } from './server-options.ts'
import { exchange } from './testing/hostile/raw-exchange.ts'
import { manualClock } from './testing/manual-clock.ts'
import { SocketPeer, socketWorld } from './testing/socket-peer.ts'

const APP = 'https://app.example.org'
const authenticate: Authenticate = ({ headers }) => {
  const token = headers.get('authorization')
  return token === 'Bearer anna-token' ? { id: 'anna' } : undefined
}

/** A handshake as it is written, with other headers in place of some. */
function handshake(
  changes: Readonly<Record<string, string | undefined>> = {},
  line = 'GET /v1/socket HTTP/1.1',
): string {
  const headers: Readonly<Record<string, string | undefined>> = {
    host: 'localhost',
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol': 'whisker.v1',
    ...changes,
  }
  const lines = Object.entries(headers).filter(([, value]) => value !== undefined)
  return `${line}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

/** How an upgrade is refused, or 101 with the subprotocol. */
async function opened(port: number, bytes: string): Promise<readonly unknown[]> {
  const [answer] = await exchange(port, { bytes, hangUp: 'half' })
  if (answer?.status === 101) return [101, answer.headers.get('sec-websocket-protocol')]
  const { error } = JSON.parse(answer?.body ?? '') as { error: { code: string } }
  expect(answer?.headers.get('x-content-type-options')).toBe('nosniff')
  return [answer?.status, error.code]
}

test('what two devices write arrives at the other over their sockets', async () => {
  const { peer } = await socketWorld()
  const [a, b] = [await peer(), await peer()]
  const [anna, ben] = [await a.client('anna'), await b.client('ben')]
  const number = await b.subscribe(ben)
  anna.create('one', { title: 'One' })
  expect(await anna.push()).toMatchObject({ from: 0, to: 1 })
  expect(await b.frame(number)).toMatchObject({ from: 0, since: 1, rows: [{ document: 'one' }] })
  expect((await ben.pull()).rows).toMatchObject([{ document: 'one' }])
})

test('an upgrade that opens no socket is answered over HTTP in the words of any other refusal', async () => {
  const { port } = await socketWorld()
  const key = 'sec-websocket-key'
  const cases: readonly (readonly [string, ...unknown[]])[] = [
    [handshake(), 101, 'whisker.v1'],
    [handshake({ 'sec-websocket-protocol': 'chat, whisker.v1' }), 101, 'whisker.v1'],
    [handshake({}, 'GET /v1/sockets HTTP/1.1'), 404, 'bad_request'],
    [handshake({}, 'GET /v1/v1/socket HTTP/1.1'), 404, 'bad_request'],
    [handshake({}, 'GET /health HTTP/1.1'), 404, 'bad_request'],
    [handshake({}, 'GET /v1/socket?token=secret HTTP/1.1'), 400, 'bad_request'],
    [handshake({}, 'POST /v1/socket HTTP/1.1'), 400, 'bad_request'],
    [handshake({}, 'GET http://localhost/v1/socket HTTP/1.1'), 400, 'bad_request'],
    [handshake({ 'sec-websocket-protocol': undefined }), 400, 'bad_request'],
    [handshake({ 'sec-websocket-protocol': 'whisker.v2' }), 400, 'bad_request'],
    [handshake({ 'sec-websocket-protocol': 'whisker.v1, whisker.v1' }), 400, 'bad_request'],
    [handshake({ 'sec-websocket-version': '12' }), 400, 'bad_request'],
    [handshake({ [key]: undefined }), 400, 'bad_request'],
    [handshake({ [key]: 'short' }), 400, 'bad_request'],
    [handshake({ host: undefined }), 400, 'bad_request'],
    [handshake({ host: 'localhost@evil.example' }), 400, 'bad_request'],
    [handshake({ host: 'evil.example' }), 403, 'forbidden'],
  ]
  for (const [bytes, ...expected] of cases) expect(await opened(port, bytes), `the upgrade ${bytes}`).toEqual(expected)
})

test('an app that serves under a prefix takes it off before it hands on what opens a socket', async () => {
  const { server } = await socketWorld()
  const http = createServer().on('upgrade', (incoming, ...connection) => {
    incoming.url = incoming.url?.replace(/^\/sync/, '')
    server.upgrade(incoming, ...connection)
  })
  await once(http.listen(0, '127.0.0.1'), 'listening')
  const { port } = http.address() as AddressInfo
  expect(await opened(port, handshake({}, 'GET /sync/v1/socket HTTP/1.1'))).toEqual([101, 'whisker.v1'])
  http.close()
})

test('what asks at the path of sockets for none, as through a proxy that forgets it, is told what is missing', async () => {
  const { port } = await socketWorld()
  for (const headers of ['connection: close\r\n', 'connection: close\r\nupgrade: websocket\r\n']) {
    const bytes = `GET /v1/socket HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n`
    const [answer] = await exchange(port, { bytes })
    expect([answer?.status, answer?.headers.get('upgrade')]).toEqual([426, 'websocket'])
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({
      error: { code: 'bad_request', fix: expect.stringContaining('`Upgrade`') },
    })
  }
})

test('whoever offers another protocol than a socket is answered over HTTP', async () => {
  const { port } = await socketWorld()
  const headers = 'host: localhost\r\nconnection: Upgrade, close\r\nupgrade: h2c\r\n'
  const [answer] = await exchange(port, { bytes: `GET /health HTTP/1.1\r\n${headers}\r\n` })
  expect(answer).toMatchObject({ status: 200, body: '{"ok":true}' })
})

test('a page opens a socket only if its exact origin is on the list, and what is no page always', async () => {
  const { port } = await socketWorld({ authenticate, cors: { origins: [APP] } })
  expect(await opened(port, handshake())).toEqual([101, 'whisker.v1'])
  expect(await opened(port, handshake({ origin: APP }))).toEqual([101, 'whisker.v1'])
  const others = [
    'null',
    '',
    'http://app.example.org',
    `${APP}:443`,
    `${APP}.evil.example`,
    `${APP}/`,
    'https://APP.example.org',
    'https://evil.example',
    `${APP}, ${APP}`,
    'http://localhost',
  ]
  for (const origin of others)
    expect(await opened(port, handshake({ origin })), `from ${origin}`).toEqual([403, 'forbidden'])
})

test('without authentication a socket is opened by the pages of this machine, and those on the list', async () => {
  const { port } = await socketWorld({ cors: { origins: [APP] } })
  for (const origin of [APP, 'http://localhost:5173', 'http://127.0.0.1']) {
    expect(await opened(port, handshake({ origin })), `from ${origin}`).toEqual([101, 'whisker.v1'])
  }
  for (const origin of ['null', 'https://evil.example']) {
    expect(await opened(port, handshake({ origin })), `from ${origin}`).toEqual([403, 'forbidden'])
  }
})

test('a client that is gone before or after it opened a socket ends nothing but itself', async () => {
  const { port, peer } = await socketWorld()
  const sendings = [handshake(), `${handshake()}${'\u0001'.repeat(100)}`, handshake({ host: undefined })]
  await Promise.all(
    Array.from({ length: 30 }, async (_, at) =>
      exchange(port, { bytes: sendings[at % sendings.length] ?? '', hangUp: 'reset' }).catch(() => undefined),
    ),
  )
  expect((await (await (await peer()).client('anna')).pull()).head).toBe(0)
})

test('a server that closes lets what runs be answered, and tells each socket when to come back', async () => {
  const { server, peer } = await socketWorld()
  const peers = [await peer(), await peer(), await peer()]
  const [busy] = peers as [SocketPeer]
  const anna = await busy.client('anna')
  const number = await busy.subscribe(anna)
  busy.say({
    kind: 'pull',
    number: 99,
    space: anna.space,
    parameters: encodePull(anna.pullRequest({ waitMs: 20_000 })),
  })
  await busy.beat()
  await server.close()
  expect(await busy.next('answer', 99)).toMatchObject({ status: 200 })
  expect(await busy.next('end', number)).toMatchObject({ refusal: { code: 'unavailable' } })
  const ends = await Promise.all(peers.map(async (one) => one.end()))
  expect(ends.map(({ code, refusal }) => [code, refusal.code])).toEqual(
    peers.map(() => [CLOSE_CODES.unavailable, 'unavailable']),
  )
  expect(new Set(ends.map(({ refusal }) => refusal.retryAfterMs)).size).toBe(3)
})

test('a server that closes opens no socket, and cuts those that never answer', async () => {
  const { server, port, connect } = await socketWorld()
  const peer = await connect()
  peer.webSocket.pause()
  const closing = server.close()
  expect(await opened(port, handshake())).toEqual([503, 'unavailable'])
  await closing
  peer.webSocket.resume()
  await peer.closed
})

test('a server that closes waits ten seconds for what a socket asked for, and cuts it then', async () => {
  const clock = manualClock()
  const { promise: isAsked, resolve } = Promise.withResolvers<void>()
  const { server, peer } = await socketWorld({
    clock,
    async authorize() {
      resolve()
      return new Promise(() => undefined)
    },
  })
  const a = await peer()
  a.say({ kind: 'version', number: 1, space: 'stories' })
  await isAsked
  const closing = server.close()
  clock.advance(9999)
  await a.beat()
  clock.advance(1)
  await closing
  expect(await a.closed).toMatchObject({ code: 1006 })
})

test('the log has a line for each socket and each upgrade that was refused, and none holds a token', async () => {
  const lines: string[] = []
  const { connect, url, peer } = await socketWorld({ authenticate, log: (line) => lines.push(line) })
  const refused = new SocketPeer(new WebSocket(`${url}?token=anna-token`, 'whisker.v1'))
  await refused.closed
  const stranger = await connect()
  stranger.say({ kind: 'hello', token: 'ben-token' })
  await stranger.closed
  const known = await peer('anna-token')
  known.webSocket.close()
  await expect.poll(() => lines.length).toBe(3)
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(told.map(({ method, route, status, code }) => [method, route, status, code])).toEqual([
    ['UPGRADE', '/v1/socket', 400, 'bad_request'],
    ['SOCKET', '/v1/socket', 401, 'needs_auth'],
    ['SOCKET', '/v1/socket', 200, undefined],
  ])
  expect(lines.join('')).not.toContain('-token')
})
