import { CLOSE_CODES, type PullRequest, encodePull } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { manualClock } from './testing/manual-clock.ts'
import { type SocketPeer, socketWorld } from './testing/socket-peer.ts'
import type { TestClient } from './testing/test-client.ts'

/** Asks for pages that nobody takes in yet. */
function askMany(peer: SocketPeer, client: TestClient, count: number, changes: Partial<PullRequest> = {}): void {
  const parameters = encodePull(client.pullRequest(changes))
  for (let n = 0; n < count; n++) peer.say({ kind: 'pull', number: 100 + n, space: client.space, parameters })
}

const routesIn = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => (JSON.parse(line) as { route: string }).route)

test('a push of as many bytes as a message may have is read, and one of more closes the socket', async () => {
  const { peer } = await socketWorld({ limits: { messageBytes: 10_000 } })
  const a = await peer()
  const push = (bytes: number): void =>
    a.say({ kind: 'push', number: a.number, space: 's'.repeat(128), message: 'x'.repeat(bytes - 2) })
  push(10_000)
  expect(await a.next('answer')).toMatchObject({ status: 400, message: { error: { code: 'bad_message' } } })
  push(10_300)
  expect(await a.closed).toMatchObject({ code: 1009 })
})

test('a message may come in parts, and in more than a thousand it closes the socket', async () => {
  const { peer } = await socketWorld()
  const a = await peer()
  const inParts = (count: number): void => {
    a.webSocket.send('["ping"]', { fin: false })
    for (let n = 2; n < count; n++) a.webSocket.send(' ', { fin: false })
    a.webSocket.send(' ', { fin: true })
  }
  inParts(1024)
  await a.next('pong')
  inParts(1025)
  expect(await a.closed).toMatchObject({ code: 1008 })
})

test('what is no WebSocket closes the socket with the code of WebSockets, and others go on', async () => {
  const lines: string[] = []
  const { peer } = await socketWorld({ log: (line) => lines.push(line) })
  const [other, unmasked, noText] = [await peer(), await peer(), await peer()]
  unmasked.webSocket.send('["ping"]', { mask: false })
  expect(await unmasked.closed).toMatchObject({ code: 1002 })
  noText.webSocket.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false })
  expect(await noText.closed).toMatchObject({ code: 1007 })
  await other.beat()
  expect(lines.map((line) => (JSON.parse(line) as { code: string }).code)).toEqual(['bad_message', 'bad_message'])
})

test('a socket is sent a ping every fifteen seconds', async () => {
  const clock = manualClock()
  const { peer } = await socketWorld({ clock })
  const a = await peer()
  for (let n = 0; n < 4; n++) {
    clock.advance(14_999)
    await a.beat()
    expect(a.told).toEqual([])
    clock.advance(1)
    await a.next('ping')
    a.say({ kind: 'pong' })
  }
})

test('a socket that is silent for 45 seconds is cut, and any byte is a sign of life', async () => {
  const clock = manualClock()
  const { peer } = await socketWorld({ clock })
  const [silent, alive] = [await peer(), await peer()]
  clock.advance(30_000)
  await alive.beat()
  // Half a message.
  clock.advance(14_999)
  expect(silent.webSocket.readyState).toBe(silent.webSocket.OPEN)
  clock.advance(1)
  expect(await silent.closed).toMatchObject({ code: 1006 })
  clock.advance(29_999)
  alive.webSocket.send('["pi', { fin: false })
  alive.webSocket.send('ng"]')
  await alive.next('pong')
  clock.advance(1)
  await alive.beat()
})

test('pages are read one after the other as the reader takes them in', async () => {
  const lines: string[] = []
  const { peer } = await socketWorld({ log: (line) => lines.push(line), sockets: { requests: 40 } })
  const a = await peer()
  const anna = await a.client('anna')
  const ben = await (await peer()).client('ben')
  for (let n = 0; n < 3; n++) ben.create(`d${n}`, { text: 'x'.repeat(1_000_000) })
  await ben.push()
  lines.length = 0
  a.webSocket.pause()
  askMany(a, anna, 40)
  await expect.poll(() => lines.length).toBeGreaterThan(0)
  await ben.pull()
  // What is on its way is in the system's buffers too.
  expect(routesIn(lines).length).toBeLessThan(30)
  a.webSocket.resume()
  for (let n = 0; n < 40; n++) expect(await a.next('answer', 100 + n)).toMatchObject({ status: 200 })
})

test('a reader who lets more than eight mebibytes of answers wait is let go, and the others go on', async () => {
  const lines: string[] = []
  const { peer } = await socketWorld({ log: (line) => lines.push(line) })
  const a = await peer()
  const anna = await a.client('anna')
  const ben = await (await peer()).client('ben')
  askMany(a, anna, 32, { waitMs: 25_000 })
  await a.beat()
  a.webSocket.pause()
  for (let n = 0; n < 3; n++) ben.create(`d${n}`, { text: 'x'.repeat(1_000_000) })
  await ben.push()
  const codes = (): readonly unknown[] => lines.map((line) => (JSON.parse(line) as { code?: string }).code)
  // The close waits before them too, and the socket is cut.
  await expect.poll(codes, { timeout: 10_000 }).toContain('unavailable')
  expect((await ben.pull()).head).toBe(3)
})

test('more messages than a socket may send close it, and it is told when to come back', async () => {
  const clock = manualClock()
  const { peer } = await socketWorld({ clock, sockets: { messagesPerSecond: 2 } })
  const a = await peer()
  for (let n = 0; n < 19; n++) await a.beat()
  clock.advance(1000)
  await a.beat()
  await a.beat()
  a.say({ kind: 'ping' })
  expect(await a.end()).toMatchObject({
    code: CLOSE_CODES.rate_limited,
    refusal: { code: 'rate_limited', retryAfterMs: 500 },
  })
})

test('the pings and pongs of WebSockets count as messages', async () => {
  const { peer } = await socketWorld({ clock: manualClock(), sockets: { messagesPerSecond: 2 } })
  for (const control of ['ping', 'pong'] as const) {
    const a = await peer()
    for (let n = 0; n < 18; n++) a.webSocket[control]()
    await a.beat()
    a.webSocket[control]()
    expect(await a.end()).toMatchObject({ code: CLOSE_CODES.rate_limited, refusal: { code: 'rate_limited' } })
  }
})

test('more bytes than a socket may send close it, but one message always passes', async () => {
  const clock = manualClock()
  const { peer } = await socketWorld({ clock, limits: { messageBytes: 100_000 }, sockets: { bytesPerSecond: 1000 } })
  const a = await peer()
  const push = (): void => a.say({ kind: 'push', number: a.number, space: 'stories', message: 'x'.repeat(90_000) })
  push()
  await a.next('answer')
  push()
  const { code, refusal } = await a.end()
  expect([code, refusal.code]).toEqual([CLOSE_CODES.rate_limited, 'rate_limited'])
  expect(refusal.retryAfterMs).toBeGreaterThan(0)
})
