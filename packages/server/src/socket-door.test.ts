import { CLOSE_CODES } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Authenticate, ServeOptions } from './server-options.ts'
import { manualClock } from './testing/manual-clock.ts'
import { SocketPeer, type SocketWorld, socketWorld } from './testing/socket-peer.ts'

const authenticate: Authenticate = ({ headers }) => ({ id: headers.get('authorization') ?? 'nobody' })

/** As a proxy tells it. */
const PROXIED: Partial<ServeOptions> = { remoteAddress: ({ headers }) => String(headers['x-from']) }
const from = (address: string) => ({ headers: { 'x-from': address } })

/** How the HTTP answer refuses a socket. */
async function refusal(world: SocketWorld, headers: Readonly<Record<string, string>> = {}) {
  const webSocket = new WebSocket(world.url, 'whisker.v1', { headers })
  const { promise, resolve } = Promise.withResolvers<readonly unknown[]>()
  webSocket.on('unexpected-response', (_, response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => void chunks.push(chunk))
    response.on('end', () => {
      const { error } = JSON.parse(Buffer.concat(chunks).toString()) as { error: { code: string; retryAfter: number } }
      const seconds = Number(response.headers['retry-after'])
      resolve([response.statusCode, error.code, seconds >= 5 && seconds === Math.ceil(error.retryAfter / 1000)])
    })
  })
  const peer = new SocketPeer(webSocket)
  peer.opened.then(() => resolve(['opened'])).catch(() => undefined)
  return promise
}

test('a server with as many sockets as it takes refuses more until one is gone', async () => {
  const world = await socketWorld({ sockets: { sockets: 2 } })
  const [a] = [await world.peer(), await world.connect()]
  expect(await refusal(world)).toEqual([503, 'unavailable', true])
  a.webSocket.close()
  await a.closed
  await expect.poll(async () => refusal(world)).toEqual(['opened'])
})

test('an address with as many sockets as it may have is refused more, and others are not', async () => {
  const world = await socketWorld({ sockets: { socketsPerAddress: 2 } }, PROXIED)
  await world.connect(from('192.0.2.1'))
  await world.connect(from('::ffff:192.0.2.1'))
  expect(await refusal(world, { 'x-from': '192.0.2.1' })).toEqual([429, 'rate_limited', true])
  expect(await refusal(world, { 'x-from': '192.0.2.2' })).toEqual(['opened'])
})

test('a failure to tell an address is answered, and ends nothing', async () => {
  const world = await socketWorld(
    {},
    {
      remoteAddress() {
        throw new Error('There is no such header.')
      },
    },
  )
  for (let n = 0; n < 2; n++) expect(await refusal(world)).toEqual([500, 'server_error', false])
})

test('all addresses of one network of version 6 count as one', async () => {
  const world = await socketWorld({ sockets: { socketsPerAddress: 2 } }, PROXIED)
  await world.connect(from('2001:db8::1'))
  await world.connect(from('2001:db8:0:0:ffff::2'))
  expect(await refusal(world, { 'x-from': '2001:db8::3' })).toEqual([429, 'rate_limited', true])
  expect(await refusal(world, { 'x-from': '2001:db8:0:1::1' })).toEqual(['opened'])
})

test('an address with many sockets that have not said whose they are is refused more, until one has', async () => {
  const world = await socketWorld({ sockets: { unknownPerAddress: 2 } })
  const [a] = [await world.connect(), await world.connect()]
  expect(await refusal(world)).toEqual([429, 'rate_limited', true])
  a.say({ kind: 'hello', token: undefined })
  await a.next('welcome')
  expect(await refusal(world)).toEqual(['opened'])
})

test('a principal with as many sockets as they may have is refused more, and others are not', async () => {
  const world = await socketWorld({ authenticate, sockets: { socketsPerPrincipal: 2 } })
  const [a] = [await world.peer('anna'), await world.peer('anna')]
  const third = await world.connect()
  third.say({ kind: 'hello', token: 'anna' })
  expect(await third.end()).toMatchObject({
    code: CLOSE_CODES.rate_limited,
    refusal: { code: 'rate_limited', retryAfterMs: expect.any(Number) },
  })
  await world.peer('ben')
  a.webSocket.close()
  await a.closed
  await world.peer('anna')
})

test('of many who come back at once some are let in, and each of the others is told when to come again', async () => {
  const clock = manualClock()
  const world = await socketWorld({ clock, sockets: { hellosPerSecond: 5 } })
  const peers = await Promise.all(Array.from({ length: 20 }, async () => world.connect()))
  for (const peer of peers) peer.say({ kind: 'hello', token: undefined })
  const ends = await Promise.all(
    peers.map(async (peer) => Promise.race([peer.next('welcome'), peer.next('close')]).catch(() => undefined)),
  )
  const refused = ends.flatMap((end) => (end?.kind === 'close' ? [end.refusal] : []))
  expect(refused.map(({ code }) => code)).toEqual(Array.from({ length: 15 }, () => 'unavailable'))
  const waits = refused.map(({ retryAfterMs = 0 }) => retryAfterMs)
  expect(new Set(waits).size).toBe(15)
  expect(Math.max(...waits)).toBeLessThanOrEqual(5000)
  clock.advance(1000)
  await world.peer()
})
