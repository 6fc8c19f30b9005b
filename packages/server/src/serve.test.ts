import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Clock, encodePull, systemClock } from '@whisker/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { createServer } from './create-server.ts'
import { serve } from './serve.ts'
import type { SyncServer } from './server-options.ts'
import { sqliteStore } from './sqlite-store.ts'
import { startProcess } from './testing/processes.ts'
import { TestClient } from './testing/test-client.ts'
import { temporaryFolder } from './testing/test-server.ts'

const MEBIBYTE = 1024 * 1024

/** Sends over a real socket what the test's client made for `localhost`. */
const over =
  (url: string) =>
  async (request: Request): Promise<Response> => {
    const target = request.url.replace('http://localhost', url)
    const { method, headers, signal } = request
    const body = method === 'GET' ? undefined : await request.text()
    return fetch(target, { method, headers, signal, ...(body !== undefined && { body }) })
  }

async function serving() {
  const server = createServer({ store: sqliteStore(':memory:'), clock: systemClock })
  const running = await serve(server, { port: 0 })
  onTestFinished(async () => running.close())
  return { server, running, client: async (name: string) => new TestClient(over(running.url), name).meet() }
}

test('a push and a pull go over a real socket, compressed', async () => {
  const { client } = await serving()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('one', { text: 'ü'.repeat(500_000) })
  await anna.push()
  const response = await ben.pullRaw()
  expect(response.headers.get('content-encoding')).toBe('gzip')
  const page = await ben.pull()
  expect(page.rows[0]?.state?.writes[0]?.value).toEqual({ text: 'ü'.repeat(500_000) })
})

test('a body beyond the limit is refused over a real socket, and the server goes on', async () => {
  const { client, running } = await serving()
  const response = await fetch(`${running.url}/v1/spaces/stories/operations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: 'x'.repeat(5 * 1024 * 1024),
  })
  expect(response.status).toBe(413)
  expect((await (await client('anna')).pull()).head).toBe(0)
})

test.each([
  ['too large, as it says', `content-length: ${5 * MEBIBYTE}`, 'x'.repeat(MEBIBYTE)],
  ['too large, as it turns out', 'transfer-encoding: chunked', `100000\r\n${'x'.repeat(MEBIBYTE)}\r\n`],
])('whoever sends a body that is %s, and reads only then, reads why it was refused', async (_, length, part) => {
  const { running } = await serving()
  const { port, host } = new URL(running.url)
  const sender = connect(Number(port), '127.0.0.1').pause()
  const head = [
    'POST /v1/spaces/stories/operations HTTP/1.1',
    `host: ${host}`,
    'connection: close',
    'content-type: application/json',
  ]
  const write = promisify<string, void>((bytes, done) => void sender.write(bytes, () => done(null)))
  await write(`${[...head, length].join('\r\n')}\r\n\r\n`)
  for (let index = 0; index < 5; index++) {
    await write(part)
    // Time in which the server, had it answered by now, has closed the connection.
    await delay(50)
  }
  if (length.startsWith('transfer')) await write('0\r\n\r\n')
  expect((await text(sender)).slice(0, 12)).toBe('HTTP/1.1 413')
})

test('a pull that waits is answered over a real socket by the next push', async () => {
  const { client } = await serving()
  const anna = await client('anna')
  const ben = await client('ben')
  const waiting = anna.pull({ waitMs: 20_000 })
  await delay(50)
  ben.create('one', {})
  await ben.push()
  expect((await waiting).rows).toHaveLength(1)
})

test('a pull whose client hangs up waits no longer', async () => {
  let waiting = 0
  const clock: Clock = {
    now: () => systemClock.now(),
    after(delayMs, task) {
      waiting++
      const cancel = systemClock.after(delayMs, task)
      return () => {
        waiting--
        cancel()
      }
    },
  }
  const server = createServer({ store: sqliteStore(':memory:'), clock })
  const running = await serve(server, { port: 0 })
  onTestFinished(async () => running.close())
  const anna = await new TestClient(over(running.url), 'anna').meet()
  const controller = new AbortController()
  const pulled = anna.pullRaw({ waitMs: 20_000 }, controller.signal)
  await expect.poll(() => waiting).toBe(1)
  controller.abort()
  await expect(pulled).rejects.toThrow('aborted')
  await expect.poll(() => waiting).toBe(0)
})

test('a server without authentication is not shown to other machines', async () => {
  const server = createServer({ store: sqliteStore(':memory:') })
  for (const host of ['0.0.0.0', '::', '192.168.0.1']) {
    await expect(serve(server, { port: 0, host })).rejects.toMatchObject({ code: 'invalid_options' })
  }
  await server.close()
  const known = createServer({ store: sqliteStore(':memory:'), authenticate: () => undefined })
  const running = await serve(known, { port: 0, host: '0.0.0.0' })
  await running.close()
})

test('a port or a host that is none is refused, and nothing listens', async () => {
  const server = createServer({ store: sqliteStore(':memory:') })
  onTestFinished(async () => server.close())
  const before = readdirSync('.')
  for (const port of [70_000, -1, 1.5, 'abc', '8080', undefined, null]) {
    await expect(serve(server, { port: port as never })).rejects.toMatchObject({
      code: 'invalid_options',
      message: expect.stringContaining('`port` of serve to be a whole number from 0 to 65535'),
    })
  }
  for (const options of [undefined, { port: 0, host: '' }, { port: 0, host: 7 }, { port: 0, hots: 'x' }]) {
    await expect(serve(server, options as never)).rejects.toMatchObject({ code: 'invalid_options' })
  }
  expect(readdirSync('.')).toEqual(before)
})

test('timeouts that are none, or contradict each other, are refused', async () => {
  const server = createServer({ store: sqliteStore(':memory:') })
  onTestFinished(async () => server.close())
  const wrong = [{ headersMs: 0 }, { requestMs: 1.5 }, { idleMs: '1' }, { bodyMs: 1 }, { headersMs: 200_000 }, 7]
  for (const timeouts of wrong) {
    await expect(serve(server, { port: 0, timeouts: timeouts as never })).rejects.toMatchObject({
      code: 'invalid_options',
    })
  }
})

test('a reader that takes nothing in is let go, and what it asked for with it', async () => {
  const server = createServer({ store: sqliteStore(':memory:') })
  const { promise: isGone, resolve } = Promise.withResolvers<void>()
  const watched: SyncServer = {
    ...server,
    async fetch(request) {
      request.signal.addEventListener('abort', () => resolve())
      return server.fetch(request)
    },
  }
  const running = await serve(watched, { port: 0, timeouts: { idleMs: 1000 } })
  onTestFinished(async () => running.close())
  const anna = await new TestClient(async (request) => server.fetch(request), 'anna').meet()
  anna.create('one', { text: 'x'.repeat(1_000_000) })
  await anna.push()
  const query = new URLSearchParams(encodePull({ ...anna.pullRequest(), acknowledged: [] })).toString()
  const pull = `GET /v1/spaces/stories/operations?${query} HTTP/1.1\r\nhost: localhost\r\n\r\n`
  const reader = connect(Number(new URL(running.url).port), '127.0.0.1').pause()
  onTestFinished(() => void reader.destroy())
  reader.write(pull.repeat(50))
  await expect(isGone).resolves.toBeUndefined()
})

test('a taken port is refused by its name, and the server can be served on another', async () => {
  const { running } = await serving()
  const port = Number(new URL(running.url).port)
  const server = createServer({ store: sqliteStore(join(temporaryFolder(), 'sync.db')) })
  await expect(serve(server, { port })).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining(`127.0.0.1:${port}`),
    fix: expect.stringContaining('another port'),
  })
  const second = await serve(server, { port: 0 })
  expect((await fetch(`${second.url}/health`)).status).toBe(200)
  await second.close()
})

test('closing ends idle connections, and the store is closed after the last answer', async () => {
  const { client, running } = await serving()
  const anna = await client('anna')
  const waiting = anna.pullRaw({ waitMs: 20_000 })
  await delay(50)
  const startedMs = performance.now()
  await running.close()
  expect((await waiting).status).toBe(200)
  expect(performance.now() - startedMs).toBeLessThan(2000)
  await expect(fetch(running.url)).rejects.toThrow('fetch failed')
})

test('a process that is told to end finishes what runs, and leaves nothing behind', async () => {
  const path = join(temporaryFolder(), 'sync.db')
  const { child, line: url, ended } = await startProcess('serving-process.ts', path)
  const anna = await new TestClient(over(url), 'anna').meet()
  for (let n = 0; n < 50; n++) anna.create(`d${n}`, { text: 'x'.repeat(10_000) })
  const pushed = anna.push()
  const waiting = new TestClient(over(url), 'ben').pullRaw({ waitMs: 20_000 })
  await delay(5)
  child.kill('SIGTERM')
  const answered = await Promise.allSettled([pushed, waiting])
  expect(await ended).toBe(0)
  const store = sqliteStore(path)
  onTestFinished(async () => store.close())
  const { head } = await store.read('stories', (reader) => reader.space())
  if (answered[0].status === 'fulfilled') expect(head).toBe(50)
  expect([0, 50]).toContain(head)
})
