import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { encodePush } from '@whisker/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Counter, Gauge, Histogram, LabelledCounter } from './metrics.ts'
import { memoryStore } from './memory-store.ts'
import { serveMetrics } from './serve-metrics.ts'
import type { ServeMetricsOptions, SyncServer } from './server-options.ts'
import { FrameReader, settled } from './testing/frame-reader.ts'
import { manualClock } from './testing/manual-clock.ts'
import { SessionClient } from './testing/session-client.ts'
import { socketWorld } from './testing/socket-peer.ts'
import { testServer } from './testing/test-server.ts'

const MIB = 1024 * 1024

/** What a scraper reads: each line by its name and labels. What it could not read is an error. */
function read(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>()
  const types = new Map<string, string>()
  const helps = new Set<string>()
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.slice(0, -1).split('\n')) {
    const [, help] = /^# HELP ([a-z_]+) [^\\]+$/.exec(line) ?? []
    const [, typed, type] = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line) ?? []
    const [, key, name = '', value] =
      /^(([a-z_]+)(?:\{[a-z_]+="[^"\\\n]*"\})?) (\d+(?:\.\d+)?(?:e-?\d+)?)$/.exec(line) ?? []
    if (help !== undefined) {
      if (helps.has(help)) throw new Error(`${help} is told twice.`)
      helps.add(help)
    } else if (typed !== undefined && type !== undefined) {
      types.set(typed, type)
    } else if (key !== undefined) {
      const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')
      if (!helps.has(family) || !types.has(family)) throw new Error(`${name} has no type before it.`)
      if (values.has(key)) throw new Error(`${key} is told twice.`)
      values.set(key, Number(value))
    } else {
      throw new Error(`Expected a line of the text format, got ${JSON.stringify(line)}.`)
    }
  }
  return values
}

const valueOf = (server: SyncServer, name: string): number => {
  const value = read(server.metrics()).get(name)
  if (value === undefined) throw new Error(`There is no ${name} in: ${server.metrics()}`)
  return value
}

/** A server that shows its metrics. */
async function shown(options: Partial<ServeMetricsOptions> = {}) {
  const { server } = testServer()
  const running = await serveMetrics(server, { port: 0, ...options })
  onTestFinished(async () => running.close())
  return { server, running, url: running.url, port: Number(new URL(running.url).port) }
}

/** Asks for a path as it stands, whatever the method. */
async function statusOf(port: number, method: string, path: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const asked = httpRequest({ port, method, path, host: '127.0.0.1', agent: false }, (response) => {
    response.resume()
    resolve(response.statusCode ?? 0)
  })
  asked.on('error', reject).end()
  return promise
}

describe('the text', () => {
  test('of a counter, a gauge and a labelled counter is a line for each value', () => {
    const counter = new Counter('things_total', 'All things.')
    counter.add()
    counter.add(41)
    expect(counter.text()).toBe('# HELP things_total All things.\n# TYPE things_total counter\nthings_total 42\n')
    expect(new Gauge('now', 'Now.', () => 7).text()).toBe('# HELP now Now.\n# TYPE now gauge\nnow 7\n')
    const labelled = new LabelledCounter<'a' | 'b'>('by_total', 'By.', 'kind', ['a', 'b'])
    labelled.add('b')
    expect(labelled.text()).toBe(
      '# HELP by_total By.\n# TYPE by_total counter\nby_total{kind="a"} 0\nby_total{kind="b"} 1\n',
    )
  })

  test('of a histogram counts in each bucket what is in those before', () => {
    const histogram = new Histogram('wait_seconds', 'Waits.', [1, 10, 1000])
    for (const ms of [0, 1, 2, 10, 11, 1000, 1001, 60_000]) histogram.observe(ms)
    expect(histogram.text().split('\n').slice(2)).toEqual([
      'wait_seconds_bucket{le="0.001"} 2',
      'wait_seconds_bucket{le="0.01"} 4',
      'wait_seconds_bucket{le="1"} 6',
      'wait_seconds_bucket{le="+Inf"} 8',
      'wait_seconds_sum 62.025',
      'wait_seconds_count 8',
      '',
    ])
  })
})

describe('a server', () => {
  test('has all that it measures at 0 when it is new', () => {
    const values = read(testServer().server.metrics())
    expect(values.size).toBeGreaterThan(30)
    expect([...values].filter(([, value]) => value !== 0)).toEqual([])
  })

  test('counts pushes, pulls, what was stored, and how long the commits took', async () => {
    const clock = manualClock()
    const inner = memoryStore()
    const { server, client } = testServer({
      clock,
      store: {
        ...inner,
        async write(space, work) {
          clock.advance(30)
          return inner.write(space, work)
        },
      },
    })
    const anna = await client('anna')
    for (const document of ['one', 'two', 'three']) anna.create(document, {})
    const again = anna.pushRequest()
    await anna.push()
    await server.session({ id: 'local' }).push('stories', encodePush(again))
    await anna.pull()
    expect(valueOf(server, 'whisker_pushes_total')).toBe(2)
    expect(valueOf(server, 'whisker_pulls_total')).toBe(2)
    expect(valueOf(server, 'whisker_operations_total')).toBe(3)
    expect(valueOf(server, 'whisker_commit_seconds_count')).toBe(2)
    expect(valueOf(server, 'whisker_commit_seconds_bucket{le="0.02"}')).toBe(0)
    expect(valueOf(server, 'whisker_commit_seconds_bucket{le="0.05"}')).toBe(2)
    expect(valueOf(server, 'whisker_commit_seconds_sum')).toBe(0.06)
  })

  test('counts what it refuses by the code, and forks', async () => {
    const { server, client } = testServer({
      authorize: (_, space) => space !== 'secret',
      validate: (operation) => (operation.document === 'bad' ? { code: 'own-code', message: 'No.' } : undefined),
    })
    const anna = await client('anna')
    anna.create('bad', {})
    await anna.pushRaw()
    await server.fetch(new Request('http://localhost/v1/spaces/secret/version'))
    await server.session({ id: 'local' }).version('secret')
    const reader = new FrameReader()
    await server.session({ id: 'local' }).subscribe('secret', {}, reader).began
    const other = await client('ben')
    other.create('one', {})
    await other.push()
    const copy = await client('ben')
    copy.create('another', {})
    await copy.pushRaw()
    expect(valueOf(server, 'whisker_rejections_total{code="operation_rejected"}')).toBe(1)
    expect(valueOf(server, 'whisker_rejections_total{code="forbidden"}')).toBe(3)
    expect(valueOf(server, 'whisker_rejections_total{code="replica_forked"}')).toBe(1)
    expect(valueOf(server, 'whisker_forks_total')).toBe(1)
  })

  test('tells how many sockets and subscriptions are open, and the bytes both ways', async () => {
    const { server, peer } = await socketWorld()
    const [a, b] = [await peer(), await peer()]
    const anna = await a.client('anna')
    await a.subscribe(anna)
    expect(valueOf(server, 'whisker_sockets_open')).toBe(2)
    expect(valueOf(server, 'whisker_subscriptions_open')).toBe(1)
    const before = {
      received: valueOf(server, 'whisker_received_bytes_total'),
      sent: valueOf(server, 'whisker_sent_bytes_total'),
    }
    anna.create('one', { text: 'x'.repeat(100_000) })
    const ben = await b.client('ben')
    await b.subscribe(ben)
    await anna.push()
    await b.next('frame')
    expect(valueOf(server, 'whisker_received_bytes_total') - before.received).toBeGreaterThan(100_000)
    expect(valueOf(server, 'whisker_sent_bytes_total') - before.sent).toBeGreaterThan(100_000)
    for (const one of [a, b]) one.webSocket.close()
    await expect.poll(() => valueOf(server, 'whisker_sockets_open')).toBe(0)
    expect(valueOf(server, 'whisker_subscriptions_open')).toBe(0)
  })

  test('counts the bytes of bodies over HTTP as they come and go', async () => {
    const { server, client } = testServer()
    const anna = await client('anna')
    const sent = valueOf(server, 'whisker_sent_bytes_total')
    anna.create('one', { text: 'x'.repeat(5000) })
    const body = JSON.stringify(encodePush(anna.pushRequest()))
    const response = await anna.pushRaw()
    expect(valueOf(server, 'whisker_received_bytes_total')).toBe(Buffer.byteLength(body))
    expect(valueOf(server, 'whisker_sent_bytes_total') - sent).toBe(Number(response.headers.get('content-length')))
  })

  test('counts readers that are too slow once as told to pull, and once as let go', async () => {
    const { server } = testServer()
    const [anna, ben] = [new SessionClient(server, 'anna'), new SessionClient(server, 'ben')]
    await anna.meet()
    await ben.meet()
    const reader = new FrameReader()
    await anna.listen(reader)
    for (const bufferedBytes of [MIB + 1, MIB + 1, MIB + 1, 8 * MIB + 1]) {
      reader.bufferedBytes = bufferedBytes
      ben.create(`document-${ben.counter}`, {})
      await ben.push()
      await settled()
    }
    expect(valueOf(server, 'whisker_slow_readers_total{outcome="hinted"}')).toBe(1)
    expect(valueOf(server, 'whisker_slow_readers_total{outcome="dropped"}')).toBe(1)
  })

  test('tells nothing that anybody wrote or is called', async () => {
    const { server, client } = testServer({
      authenticate: (request) => ({ id: request.headers.get('authorization') ?? 'secret-name' }),
    })
    const anna = await client('secret-device', 'secret-space', { authorization: 'secret-principal' })
    anna.create('secret-document', { secret: 'secret-value' })
    await anna.push()
    await server.fetch(
      new Request('http://localhost/v1/spaces/secret-space/secret-path?secret=1', { method: 'SECRET' }),
    )
    expect(valueOf(server, 'whisker_operations_total')).toBe(1)
    expect(server.metrics().toLowerCase()).not.toContain('secret')
  })
})

describe('serveMetrics', () => {
  test('shows the text at GET /metrics and nothing else', async () => {
    const { server, url, port } = await shown()
    const response = await fetch(`${url}/metrics`)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await response.text()).toBe(server.metrics())
    for (const path of [
      '/',
      '/metrics/',
      '/metric',
      '//metrics',
      '/v1/spaces/stories/version',
      '/health',
      '/v1/socket',
    ]) {
      expect([path, await statusOf(port, 'GET', path)]).toEqual([path, 404])
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      expect([method, await statusOf(port, method, '/metrics')]).toEqual([method, 405])
    }
  })

  test('listens on this machine alone unless told otherwise', async () => {
    const { port, url } = await shown()
    expect(url).toBe(`http://127.0.0.1:${port}`)
    const others = Object.values(networkInterfaces()).flatMap((all = []) => all.filter(({ internal }) => !internal))
    for (const { address } of [...others, { address: '::1' }]) {
      const { promise, resolve } = Promise.withResolvers<string>()
      const socket = connect({ port, host: address })
      socket.on('connect', () => resolve('connected')).on('error', () => resolve('refused'))
      expect([address, await promise]).toEqual([address, 'refused'])
      socket.destroy()
    }
  })

  test('is shown by no other listener', async () => {
    const { server, port } = await socketWorld()
    expect(server.metrics()).toContain('whisker_pushes_total')
    expect(await statusOf(port, 'GET', '/metrics')).toBe(404)
  })

  test('ends alone when it is closed, and shows what was counted after the server has closed', async () => {
    const { server, url, running } = await shown()
    await server.close()
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
    await Promise.all([running.close(), running.close()])
    await expect(fetch(`${url}/metrics`)).rejects.toThrow('fetch failed')
  })

  test('on a port that is taken, or with options that are none, is refused', async () => {
    const { server, port } = await shown()
    const wrong: readonly unknown[] = [
      undefined,
      {},
      { port },
      { port: -1 },
      { port: 0, host: '' },
      { port: 0, path: '/' },
    ]
    for (const options of wrong) {
      await expect(serveMetrics(server, options as ServeMetricsOptions)).rejects.toMatchObject({
        code: 'invalid_options',
      })
    }
  })
})
