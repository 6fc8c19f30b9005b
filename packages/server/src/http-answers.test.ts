import { gunzipSync } from 'node:zlib'
import { encodePull, encodePush } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { refusalOf } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

const OPERATIONS = 'http://localhost/v1/spaces/stories/operations'
const JSON_TYPE = { 'content-type': 'application/json' }

test('the version names the epoch, the head and the time', async () => {
  const { client, server, clock } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  await anna.push()
  const response = await server.fetch(new Request('http://localhost/v1/spaces/stories/version'))
  expect(await response.json()).toEqual({ v: 1, epoch: anna.epoch, head: 1, time: clock.now() })
})

test('every answer forbids caches, guesses, frames and referrers, and names no server', async () => {
  const { client, server } = testServer()
  const anna = await client('anna')
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    server.fetch(new Request(`http://localhost${path}`, init))
  const answers = async (): Promise<Response[]> => [
    await anna.pullRaw(),
    await anna.pushRaw(),
    await ask('/health'),
    await ask('/health', { method: 'HEAD' }),
    await ask('/nowhere'),
    await ask('/health', { method: 'DELETE' }),
    await ask('/v1/spaces/%00/version'),
    await ask('/v1/spaces/stories/operations', { method: 'POST', body: 'x' }),
  ]
  const open = await answers()
  await server.close()
  const closed = await answers()
  expect(closed.map(({ status }) => status)).toEqual(closed.map(() => 503))
  for (const response of [...open, ...closed]) {
    const headers = Object.fromEntries(response.headers)
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'content-type': 'application/json',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    for (const name of ['server', 'x-powered-by', 'strict-transport-security']) expect(headers).not.toHaveProperty(name)
  }
})

test('who came by TLS is told to come by TLS only, but not to a machine of their own', async () => {
  const { server } = testServer({ authenticate: () => undefined })
  const strictnessAt = async (origin: string): Promise<string | null> =>
    (await server.fetch(new Request(`${origin}/health`))).headers.get('strict-transport-security')
  expect(await strictnessAt('https://sync.example.org')).toBe('max-age=31536000')
  expect(await strictnessAt('http://sync.example.org')).toBeNull()
  expect(await strictnessAt('https://localhost:8443')).toBeNull()
})

test('health is answered without authentication', async () => {
  const { server } = testServer({ authenticate: () => undefined })
  const response = await server.fetch(new Request('http://localhost/health'))
  expect([response.status, await response.text()]).toEqual([200, '{"ok":true}'])
})

test('unknown paths and methods, and names that are none, are refused', async () => {
  const { server } = testServer()
  const statusOf = async (path: string, method: string = 'GET'): Promise<number> => {
    const response = await server.fetch(new Request(`http://localhost${path}`, { method }))
    expect(JSON.parse(await response.text())).toMatchObject({ error: { code: 'bad_request' } })
    return response.status
  }
  expect(await statusOf('/')).toBe(404)
  expect(await statusOf('/v1/spaces/stories')).toBe(404)
  expect(await statusOf('/v1/spaces/stories/operations', 'DELETE')).toBe(405)
  expect(await statusOf('/v1/spaces/stories/operations', 'OPTIONS')).toBe(405)
  expect(await statusOf('/v1/spaces/..%2F..%2Fetc/version')).toBe(400)
  expect(await statusOf('/v1/spaces/%00/version')).toBe(400)
  expect(await statusOf('/v1/spaces/%ff/version')).toBe(400)
  expect(await statusOf(`/v1/spaces/${'x'.repeat(129)}/version`)).toBe(400)
})

test('a body that is not declared as JSON is refused', async () => {
  const { server } = testServer()
  for (const headers of [{}, { 'content-type': 'text/plain' }, { ...JSON_TYPE, 'content-encoding': 'gzip' }]) {
    const response = await server.fetch(new Request(OPERATIONS, { method: 'POST', headers, body: '{}' }))
    expect(response.status).toBe(415)
  }
})

test('a body beyond the limit is refused while it arrives', async () => {
  const { server } = testServer({ limits: { messageBytes: 1000 } })
  let sent = 0
  const body = new ReadableStream({
    pull(controller) {
      sent += 100
      if (sent > 1_000_000) controller.close()
      else controller.enqueue(new Uint8Array(100).fill(0x20))
    },
  })
  const request = new Request(OPERATIONS, { method: 'POST', headers: JSON_TYPE, body, duplex: 'half' })
  expect(await refusalOf(await server.fetch(request), 413)).toMatchObject({ code: 'too_large' })
  expect(sent).toBeLessThan(5000)
  const declared = new Request(OPERATIONS, {
    method: 'POST',
    headers: { ...JSON_TYPE, 'content-length': '1001' },
    body: '{}',
  })
  expect((await server.fetch(declared)).status).toBe(413)
})

test('a body that is not UTF-8 is a bad message', async () => {
  const { server } = testServer()
  const request = new Request(OPERATIONS, { method: 'POST', headers: JSON_TYPE, body: Uint8Array.of(0x22, 0xff, 0x22) })
  expect(await refusalOf(await server.fetch(request), 400)).toMatchObject({ code: 'bad_message' })
})

test('a body that begins with a byte order mark is a bad message', async () => {
  const { client, server } = testServer()
  const anna = await client('anna')
  const good = JSON.stringify(encodePush(anna.pushRequest()))
  const send = async (body: string): Promise<Response> =>
    server.fetch(new Request(OPERATIONS, { method: 'POST', headers: JSON_TYPE, body }))
  expect((await send(good)).status).toBe(200)
  expect(await refusalOf(await send(`\ufeff${good}`), 400)).toMatchObject({ code: 'bad_message' })
})

test('a large answer is compressed for who accepts it', async () => {
  const { client, server } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('one', { text: 'x'.repeat(5000) })
  await anna.push()
  const plain = await (await ben.pullRaw()).text()
  const query = new URLSearchParams(encodePull(ben.pullRequest()))
  const ask = async (encoding: string) =>
    server.fetch(new Request(`${OPERATIONS}?${query.toString()}`, { headers: { 'accept-encoding': encoding } }))
  for (const encoding of ['gzip', 'br, gzip;q=0.5', '*']) {
    const response = await ask(encoding)
    expect(response.headers.get('content-encoding')).toBe('gzip')
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(bytes.byteLength).toBeLessThan(1000)
    expect(gunzipSync(bytes).toString()).toBe(plain)
  }
  for (const encoding of ['identity', 'gzip;q=0', 'br']) {
    expect((await ask(encoding)).headers.get('content-encoding')).toBeNull()
  }
})
