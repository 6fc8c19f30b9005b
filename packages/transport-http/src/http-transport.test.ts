import { gzipSync } from 'node:zlib'
import { inspect } from 'node:util'
import {
  LIMITS,
  type SyncError,
  decodePull,
  decodePush,
  encodePage,
  encodeReceipt,
  encodeServerVersion,
} from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { httpTransport } from './index.ts'
import { PAGE, PULL, PUSH, RECEIPT, VERSION } from './testing/messages.ts'
import { serverAnswering, serverWith } from './testing/server.ts'

const TOKEN = 'secret-token-123'
const failure = (promise: Promise<unknown>): Promise<SyncError> =>
  promise.then(
    () => expect.unreachable(),
    (error: SyncError) => error,
  )

const answering = () => serverAnswering(200, JSON.stringify(encodeServerVersion(VERSION)))
const never = (): Promise<never> => new Promise(() => undefined)

describe('what is asked', () => {
  test('version is a GET, and its answer is decoded', async () => {
    const { url, seen } = await serverAnswering(200, JSON.stringify(encodeServerVersion(VERSION)))
    expect(await httpTransport({ url }).version('my-stories:1~x')).toEqual(VERSION)
    expect(seen).toMatchObject([{ method: 'GET', path: '/v1/spaces/my-stories%3A1~x/version', query: {}, body: '' }])
  })

  test('a pull is a GET with its parameters, and its page is decoded', async () => {
    const { url, seen } = await serverAnswering(200, encodePage(PAGE))
    const request = { ...PULL, waitMs: 500 }
    expect(await httpTransport({ url }).pull(request)).toEqual(PAGE)
    expect(seen).toMatchObject([{ method: 'GET', path: '/v1/spaces/my-stories%3A1~x/operations' }])
    expect(decodePull(PULL.space, seen[0]?.query ?? {}, LIMITS)).toEqual(request)
  })

  test('a push is a POST of JSON, and its receipt is decoded', async () => {
    const { url, seen } = await serverAnswering(200, JSON.stringify(encodeReceipt(RECEIPT)))
    expect(await httpTransport({ url }).push(PUSH)).toEqual(RECEIPT)
    expect(seen).toMatchObject([
      {
        method: 'POST',
        path: '/v1/spaces/my-stories%3A1~x/operations',
        query: {},
        headers: { 'content-type': 'application/json' },
      },
    ])
    expect(decodePush(PUSH.space, JSON.parse(seen[0]?.body ?? ''), LIMITS)).toEqual(PUSH)
  })

  test.each(['', '/', '/a/b', '/a/b///'])('the url may end in %j', async (prefix) => {
    const { url, seen } = await serverAnswering(200, JSON.stringify(encodeServerVersion(VERSION)))
    await httpTransport({ url: url + prefix }).version('x')
    expect(seen[0]?.path).toBe(`${prefix.replace(/\/+$/, '')}/v1/spaces/x/version`)
  })

  test.each(['', '..', 'a/b', 'a b', 'x'.repeat(129)])('%j is no space, and nothing is asked', async (space) => {
    const { url, seen } = await serverAnswering(200, '')
    const transport = httpTransport({ url })
    await expect(transport.version(space)).rejects.toMatchObject({ code: 'invalid_id' })
    await expect(transport.pull({ ...PULL, space })).rejects.toMatchObject({ code: 'invalid_id' })
    await expect(transport.push({ ...PUSH, space })).rejects.toMatchObject({ code: 'invalid_id' })
    expect(seen).toEqual([])
  })

  test('nothing is cached, no cookie travels, no redirect is followed, and JSON is wanted', async () => {
    const requests: Request[] = []
    const fetch = async (input: string | URL | Request): Promise<Response> => {
      requests.push(input as Request)
      return Response.json(encodeServerVersion(VERSION))
    }
    await httpTransport({ url: 'https://example.org', fetch }).version('x')
    const [request] = requests
    expect(request).toMatchObject({ cache: 'no-store', credentials: 'omit', redirect: 'error' })
    expect(request?.headers.get('accept')).toBe('application/json')
  })

  test('a failed request is not repeated', async () => {
    const { url, seen } = await serverAnswering(503, '')
    await failure(httpTransport({ url }).version('x'))
    await failure(httpTransport({ url }).pull(PULL))
    await failure(httpTransport({ url }).push(PUSH))
    expect(seen).toHaveLength(3)
  })
})

describe('the token', () => {
  test('a text is sent as it is, undefined and an empty one not at all', async () => {
    const { url, seen } = await answering()
    for (const token of [TOKEN, undefined, '', () => undefined]) await httpTransport({ url, token }).version('x')
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${TOKEN}`,
      undefined,
      undefined,
      undefined,
    ])
  })

  test('a function is asked before each request', async () => {
    const { url, seen } = await answering()
    let count = 0
    const transport = httpTransport({ url, token: async () => `token-${++count}` })
    await transport.version('x')
    await transport.version('x')
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2'])
  })

  test('a function that throws or rejects is needs_auth with its cause, and nothing is asked', async () => {
    const { url, seen } = await answering()
    const cause = new Error('signed out')
    const throwing = () => {
      throw cause
    }
    for (const token of [throwing, () => Promise.reject(cause)]) {
      const error = await failure(httpTransport({ url, token }).version('x'))
      expect(error).toMatchObject({ code: 'needs_auth', cause })
    }
    expect(seen).toEqual([])
  })

  test('a function that never answers is timeout', async () => {
    const error = await failure(httpTransport({ url: 'https://example.org', token: never, timeoutMs: 20 }).version('x'))
    expect(error.code).toBe('timeout')
  })

  test.each(['two words', 'line\nbreak', 'snowman☃', 'tab\t'])('%j cannot be a token', async (token) => {
    const { url, seen } = await answering()
    const error = await failure(httpTransport({ url, token }).version('x'))
    expect(error.code).toBe('needs_auth')
    expect(inspect(error)).not.toContain(token)
    expect(seen).toEqual([])
  })

  test('no error holds the token, however deep one looks', async () => {
    const { url } = await serverAnswering(500, '')
    const cut = await serverWith((request) => request.socket.destroy())
    const errors = await Promise.all(
      [url, cut, 'http://127.0.0.1:1'].map((to) => failure(httpTransport({ url: to, token: TOKEN }).push(PUSH))),
    )
    expect(errors.map(({ code }) => code)).toEqual(['server_error', 'network', 'network'])
    for (const error of errors) expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(TOKEN)
  })
})

describe('no answer', () => {
  test('nobody there is network', async () => {
    const error = await failure(httpTransport({ url: 'http://127.0.0.1:1' }).version('x'))
    expect(error).toMatchObject({ code: 'network', fix: expect.any(String), cause: expect.any(TypeError) })
    expect(error.message).toContain('http://127.0.0.1:1/v1/spaces/x/version')
  })

  test('an answer that breaks off is network', async () => {
    const url = await serverWith((_, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{"v":1', () => response.destroy())
    })
    expect((await failure(httpTransport({ url }).version('x'))).code).toBe('network')
  })

  test('a redirect is network, and is not followed', async () => {
    const target = await serverAnswering(200, JSON.stringify(encodeServerVersion(VERSION)))
    const { url } = await serverAnswering(307, '', { location: target.url })
    expect((await failure(httpTransport({ url, token: TOKEN }).version('x'))).code).toBe('network')
    expect(target.seen).toEqual([])
  })

  test('a fetch that fails in its own way is network', async () => {
    const noWifi = new Error('no wifi')
    const fetch = () => Promise.reject(noWifi)
    const error = await failure(httpTransport({ url: 'https://example.org', fetch }).version('x'))
    expect(error).toMatchObject({ code: 'network', message: expect.stringContaining('no wifi') })
  })

  test('silence is timeout', async () => {
    const url = await serverWith(() => undefined)
    const error = await failure(httpTransport({ url, timeoutMs: 50 }).version('x'))
    expect(error).toMatchObject({ code: 'timeout', message: expect.stringContaining('50 ms') })
  })

  test('an answer that drips without end is timeout', async () => {
    const url = await serverWith((_, response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write(' '), 10)
      response.on('close', () => clearInterval(timer))
    })
    expect((await failure(httpTransport({ url, timeoutMs: 100 }).version('x'))).code).toBe('timeout')
  })

  test('a fetch that ignores its signal is timeout all the same', async () => {
    const transport = httpTransport({ url: 'https://example.org', fetch: never, timeoutMs: 20 })
    expect((await failure(transport.version('x'))).code).toBe('timeout')
  })

  test('a pull that lets the server wait has that much longer', async () => {
    const url = await serverWith((_, response) => void setTimeout(() => response.end(encodePage(PAGE)), 300))
    const transport = httpTransport({ url, timeoutMs: 100 })
    expect((await failure(transport.pull(PULL))).code).toBe('timeout')
    expect(await transport.pull({ ...PULL, waitMs: 5000 })).toEqual(PAGE)
  })
})

describe('an end by the caller', () => {
  test('aborting is aborted, with its reason, and the connection is dropped', async () => {
    const controller = new AbortController()
    const dropped = Promise.withResolvers<void>()
    const url = await serverWith((request, response) => {
      response.on('close', () => dropped.resolve())
      request.on('data', () => controller.abort('enough'))
    })
    const error = await failure(httpTransport({ url }).push(PUSH, { signal: controller.signal }))
    expect(error).toMatchObject({ code: 'aborted', cause: 'enough' })
    await dropped.promise
  })

  test('what is aborted before it began asks nothing', async () => {
    const { url, seen } = await serverAnswering(200, '')
    const error = await failure(httpTransport({ url }).version('x', { signal: AbortSignal.abort() }))
    expect(error.code).toBe('aborted')
    expect(seen).toEqual([])
  })

  test('a request that is over leaves no listener behind', async () => {
    const { url } = await serverAnswering(200, JSON.stringify(encodeServerVersion(VERSION)))
    const { signal } = new AbortController()
    let listeners = 0
    const counted = new Proxy(signal, {
      get(target, key) {
        if (key === 'addEventListener') listeners++
        if (key === 'removeEventListener') listeners--
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    await httpTransport({ url }).version('x', { signal: counted })
    expect(listeners).toBe(0)
  })

  test('closing ends what runs and refuses what comes, as closed', async () => {
    const asked = Promise.withResolvers<void>()
    const url = await serverWith(() => asked.resolve())
    const transport = httpTransport({ url })
    const running = failure(transport.pull(PULL))
    await asked.promise
    await transport.close()
    await transport.close()
    expect((await running).code).toBe('closed')
    expect((await failure(transport.version('x'))).code).toBe('closed')
    expect((await failure(transport.pull(PULL))).code).toBe('closed')
    expect((await failure(transport.push(PUSH))).code).toBe('closed')
    expect(await transport.isAvailable()).toBe(false)
  })
})

describe('an answer that is none is bad_message', () => {
  const page = encodePage(PAGE)
  test.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['the login page of a hotel', '<!doctype html><title>Welcome</title>'],
    ['null', 'null'],
    ['a list', '[]'],
    ['another object', '{"ok":true}'],
    ['a refusal', '{"error":{"code":"forbidden","message":"no"}}'],
    ['half a page', page.slice(0, -5)],
    ['a page and more', `${page}{}`],
    ['a page of another version', page.replace('"v":1', '"v":2')],
    ['a page with a false seq', page.replace('"dragon",4', '"dragon",-4')],
    ['deep nesting', '['.repeat(100_000)],
    ['bytes that are not UTF-8', Buffer.from(page.replace('The', '\xFF\xFF'), 'latin1')],
  ])('%s', async (_, body) => {
    const { url } = await serverAnswering(200, body)
    const error = await failure(httpTransport({ url }).pull(PULL))
    expect(error.code).toBe('bad_message')
  })

  test('a version and a receipt are looked at as closely', async () => {
    const { url } = await serverAnswering(200, page)
    expect((await failure(httpTransport({ url }).version('x'))).code).toBe('bad_message')
    expect((await failure(httpTransport({ url }).push(PUSH))).code).toBe('bad_message')
  })

  test('more bytes than allowed are not read, sent plainly or packed', async () => {
    const endless = await serverWith((_, response) => {
      response.writeHead(200)
      const more = (): unknown => response.destroyed || response.write(' '.repeat(65_536), more)
      more()
    })
    const bomb = await serverAnswering(200, gzipSync(' '.repeat(10_000_000)), { 'content-encoding': 'gzip' })
    for (const url of [endless, bomb.url]) {
      const error = await failure(httpTransport({ url, maxAnswerBytes: 1_000_000 }).pull(PULL))
      expect(error).toMatchObject({ code: 'bad_message', details: { maxBytes: 1_000_000 } })
    }
  })

  test('and a packed page of the allowed size is a page', async () => {
    const { url } = await serverAnswering(200, gzipSync(page), { 'content-encoding': 'gzip' })
    const transport = httpTransport({ url, maxAnswerBytes: Buffer.byteLength(page) })
    expect(await transport.pull(PULL)).toEqual(PAGE)
    const short = httpTransport({ url, maxAnswerBytes: Buffer.byteLength(page) - 1 })
    expect((await failure(short.pull(PULL))).code).toBe('bad_message')
  })
})

describe('isAvailable', () => {
  test('is true when the server says it is well, without a token', async () => {
    const { url, seen } = await serverAnswering(200, '{"ok":true}')
    expect(await httpTransport({ url: `${url}/api`, token: TOKEN }).isAvailable()).toBe(true)
    expect(seen).toMatchObject([{ method: 'GET', path: '/api/health' }])
    expect(seen[0]?.headers.authorization).toBeUndefined()
  })

  test.each([204, 302, 401, 404, 500, 503])('is false at status %i', async (status) => {
    const { url } = await serverAnswering(status, '')
    expect(await httpTransport({ url }).isAvailable()).toBe(false)
  })

  test('is false when nobody is there, or the caller aborts', async () => {
    expect(await httpTransport({ url: 'http://127.0.0.1:1' }).isAvailable()).toBe(false)
    const silent = await serverWith(() => undefined)
    expect(await httpTransport({ url: silent }).isAvailable({ signal: AbortSignal.abort() })).toBe(false)
  })

  test('is false after three seconds of silence', async () => {
    const delays: number[] = []
    const clock = {
      now: () => 0,
      after(delayMs: number, task: () => void) {
        delays.push(delayMs)
        queueMicrotask(task)
        return () => undefined
      },
    }
    expect(await httpTransport({ url: 'http://127.0.0.1:1', clock }).isAvailable()).toBe(false)
    expect(delays).toEqual([3000])
  })
})
