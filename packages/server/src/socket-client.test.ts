import { CLOSE_CODES, type ToServer, encodePull, encodePush } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { sqliteStore } from './sqlite-store.ts'
import { socketWorld } from './testing/socket-peer.ts'

test('a request is answered with the status and the message that it would have over HTTP', async () => {
  const { server, peer } = await socketWorld({ authorize: (_, space) => space !== 'secret' })
  const a = await peer()
  const anna = await a.client('anna')
  anna.create('one', {})
  const pull = encodePull(anna.pullRequest())
  const push = encodePush(anna.pushRequest())
  const get = { method: 'GET' }
  const query = new URLSearchParams(pull).toString()
  const cases: readonly (readonly [said: Asked, path: string, init: RequestInit])[] = [
    [{ kind: 'version', space: 'stories' }, 'stories/version', get],
    [{ kind: 'version', space: 'secret' }, 'secret/version', get],
    [{ kind: 'pull', space: 'stories', parameters: pull }, `stories/operations?${query}`, get],
    [{ kind: 'pull', space: 'stories', parameters: {} }, 'stories/operations', get],
    [{ kind: 'push', space: 'stories', message: { ...push, v: 2 } }, 'stories/operations', post({ ...push, v: 2 })],
    [{ kind: 'push', space: 'stories', message: null }, 'stories/operations', post(null)],
    [{ kind: 'push', space: 'secret', message: push }, 'secret/operations', post(push)],
  ]
  for (const [said, path, init] of cases) {
    const overHttp = await server.fetch(new Request(`http://localhost/v1/spaces/${path}`, init))
    const { number } = a
    a.say({ ...said, number })
    const { status, message } = await a.next('answer', number)
    expect([status, withoutTime(message)], `${said.kind} ${path}`).toEqual([
      overHttp.status,
      withoutTime(await overHttp.json()),
    ])
  }
})

type Without<M, K extends PropertyKey> = M extends unknown ? Omit<M, K> : never
type Asked = Without<Extract<ToServer, { readonly kind: 'version' | 'pull' | 'push' }>, 'number'>

const post = (message: unknown) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(message),
})

const withoutTime = (message: unknown): unknown =>
  JSON.parse(JSON.stringify(message, (key, value: unknown) => (key === 'time' ? 0 : value)))

test('one socket carries many spaces, and tells of each what was subscribed to', async () => {
  const { peer } = await socketWorld()
  const [a, b] = [await peer(), await peer()]
  const spaces = Array.from({ length: 20 }, (_, n) => `space-${n}`)
  const numbers = await Promise.all(spaces.map(async (space) => a.subscribe(await a.client('anna', space))))
  for (const space of spaces) {
    const ben = await b.client('ben', space)
    ben.create(`in-${space}`, {})
    await ben.push()
  }
  for (const [at, number] of numbers.entries()) {
    expect(await a.frame(number)).toMatchObject({ rows: [{ document: `in-space-${at}` }] })
  }
})

test('begun comes before the first frame, and a receipt before the frame that leads past its push', async () => {
  const { peer } = await socketWorld()
  const [a, b] = [await peer(), await peer()]
  const [anna, ben] = [await a.client('anna'), await b.client('ben')]
  for (let n = 0; n < 20; n++) {
    ben.create(`b${n}`, {})
    const [number] = await Promise.all([a.subscribe(anna), ben.push()])
    anna.create(`a${n}`, {})
    const { to } = await anna.push()
    for (;;) if (((await a.frame(number))?.since ?? 0) >= to) break
    a.say({ kind: 'unsubscribe', number })
    const about = a.heard.filter((one) => 'number' in one && one.number === number).map(({ kind }) => kind)
    expect(about.indexOf('begun')).toBe(0)
    const receipt = a.heard.findIndex((one) => one.kind === 'answer' && (one.message as { to?: number }).to === to)
    const frame = a.heard.findIndex((one) => one.kind === 'frame' && (one.frame?.since ?? 0) >= to)
    expect(receipt).toBeGreaterThan(-1)
    expect(receipt).toBeLessThan(frame)
    a.heard.length = 0
  }
})

test('what was cancelled is not answered', async () => {
  const { peer } = await socketWorld()
  const a = await peer()
  const anna = await a.client('anna')
  const parameters = encodePull(anna.pullRequest({ waitMs: 20_000 }))
  a.say({ kind: 'pull', number: 50, space: anna.space, parameters })
  a.say({ kind: 'cancel', number: 50 })
  a.say({ kind: 'cancel', number: 51 })
  const ben = await (await peer()).client('ben')
  ben.create('one', {})
  await ben.push()
  await anna.pull()
  expect(a.told.filter(({ kind }) => kind === 'answer')).toEqual([])
})

test('a pull that waits holds back no other', async () => {
  const { peer } = await socketWorld()
  const a = await peer()
  const anna = await a.client('anna')
  a.say({ kind: 'pull', number: 50, space: anna.space, parameters: encodePull(anna.pullRequest({ waitMs: 20_000 })) })
  await anna.pull()
  anna.create('one', {})
  await anna.push()
  expect(await a.next('answer', 50)).toMatchObject({ status: 200 })
})

test('who unsubscribes is told nothing more', async () => {
  const { peer } = await socketWorld()
  const [a, b] = [await peer(), await peer()]
  const [anna, ben] = [await a.client('anna'), await b.client('ben')]
  const number = await a.subscribe(anna)
  await a.present(number)
  a.say({ kind: 'unsubscribe', number })
  a.say({ kind: 'presence', number, value: 'here' })
  await a.beat()
  ben.create('one', {})
  await ben.push()
  await anna.pull()
  expect(a.told).toEqual([])
})

test('a subscription that is refused ends with the refusal, and never begins', async () => {
  const { peer } = await socketWorld({ authorize: (_, space) => space !== 'secret' })
  const a = await peer()
  const parameters = encodePull((await a.client('anna')).pullRequest())
  a.say({ kind: 'subscribe', number: 50, space: 'secret', parameters })
  a.say({ kind: 'subscribe', number: 51, space: 'stories', parameters: {} })
  expect(await a.next('end', 50)).toMatchObject({ refusal: { code: 'forbidden' } })
  expect(await a.next('end', 51)).toMatchObject({ refusal: { code: 'bad_message' } })
  await a.beat()
  expect(a.told).toEqual([])
})

test('a number that is in use closes the socket', async () => {
  const { peer } = await socketWorld()
  for (const kind of ['pull', 'subscribe'] as const) {
    const a = await peer()
    const anna = await a.client('anna')
    const number = await a.subscribe(anna)
    a.say({ kind, number, space: anna.space, parameters: encodePull(anna.pullRequest()) })
    expect(await a.end()).toMatchObject({ code: CLOSE_CODES.bad_message, refusal: { code: 'bad_request' } })
  }
})

test('a text that is no message closes the socket, and a message of bytes too', async () => {
  const { peer } = await socketWorld()
  const wrong = [
    '',
    'x',
    '{}',
    '["shout"]',
    '["version",0,"stories"]',
    '["hello"]',
    '['.repeat(100_000),
    Buffer.from('["ping"]'),
  ]
  for (const said of wrong) {
    const a = await peer()
    a.webSocket.send(said)
    expect(await a.end(), `the text ${String(said).slice(0, 30)}`).toMatchObject({
      code: CLOSE_CODES.bad_message,
      refusal: { code: 'bad_message' },
    })
  }
})

test('a subscription or a request more than a socket may have is refused alone', async () => {
  const { peer } = await socketWorld({ sockets: { subscriptions: 2, requests: 2 } })
  const a = await peer()
  const anna = await a.client('anna')
  const parameters = encodePull(anna.pullRequest({ waitMs: 20_000 }))
  await a.subscribe(anna)
  const second = await a.subscribe(anna)
  a.say({ kind: 'subscribe', number: 50, space: anna.space, parameters })
  expect(await a.next('end', 50)).toMatchObject({ refusal: { code: 'rate_limited', retryAfterMs: expect.any(Number) } })
  a.say({ kind: 'unsubscribe', number: second })
  await a.subscribe(anna)
  for (const number of [51, 52, 53]) a.say({ kind: 'pull', number, space: anna.space, parameters })
  expect(await a.next('answer')).toMatchObject({
    number: 53,
    status: 429,
    message: { error: { code: 'rate_limited' } },
  })
  a.say({ kind: 'cancel', number: 51 })
  await a.beat()
  await anna.pull()
})

test('a socket that is gone leaves nothing behind: no subscription, no pull that waits', async () => {
  const lines: string[] = []
  const { peer } = await socketWorld({ log: (line) => lines.push(line), store: sqliteStore(':memory:') })
  const a = await peer()
  const anna = await a.client('anna')
  await a.subscribe(anna)
  a.say({ kind: 'pull', number: 50, space: anna.space, parameters: encodePull(anna.pullRequest({ waitMs: 25_000 })) })
  await a.beat()
  lines.length = 0
  a.webSocket.terminate()
  await expect.poll(() => lines.length).toBe(3)
  expect(new Set(lines.map((line) => (JSON.parse(line) as { route: string }).route))).toEqual(
    new Set(['/v1/socket', 'subscribe', 'pull']),
  )
})
