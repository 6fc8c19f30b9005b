import { expect, test } from 'vitest'
import { ANSWER_HEADERS } from './answer-headers.ts'
import type { Authenticate } from './server-options.ts'
import { refusalOf } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

const APP = 'https://app.example.org'
const PATHS = ['/v1/spaces/stories/version', '/v1/spaces/stories/operations', '/health', '/nowhere']
const authenticate: Authenticate = (request) =>
  request.headers.get('authorization') === 'Bearer anna' ? { id: 'anna' } : undefined
const serverFor = (...origins: readonly string[]) => testServer({ authenticate, cors: { origins } }).server

const ask = (path: string, headers: Readonly<Record<string, string>>, method: string = 'GET'): Request =>
  new Request(`http://localhost${path}`, { method, headers })
const preflight = (origin: string, path: string = '/v1/spaces/stories/operations'): Request =>
  ask(
    path,
    { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    'OPTIONS',
  )

const corsOf = ({ headers }: Response): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')))

test('a preflight is answered with the methods and headers of the protocol, and no more', async () => {
  const server = serverFor(APP)
  for (const path of PATHS) {
    const response = await server.fetch(preflight(APP, path))
    expect([response.status, await response.text()]).toEqual([204, ''])
    expect(corsOf(response)).toEqual({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': '7200',
    })
    expect(Object.fromEntries(response.headers)).toMatchObject({ ...ANSWER_HEADERS, vary: 'origin' })
  }
})

test('a page on the list may read every answer, refusals included, and when to come back', async () => {
  const server = serverFor('https://other.example', APP)
  const expected = { 'access-control-allow-origin': APP, 'access-control-expose-headers': 'retry-after' }
  for (const path of PATHS) {
    for (const authorization of ['Bearer anna', 'Bearer nobody']) {
      const response = await server.fetch(ask(path, { origin: APP, authorization }))
      expect(corsOf(response)).toEqual(expected)
      expect(response.headers.get('vary')).toContain('origin')
    }
  }
  await server.close()
  const closing = await server.fetch(ask('/health', { origin: APP }))
  expect([closing.status, corsOf(closing)]).toEqual([503, expected])
})

test('a page that is not on the list gets no CORS headers, on a preflight neither', async () => {
  const origins = [
    'https://app.example.org.evil.example',
    'https://evil.example',
    'https://sub.app.example.org',
    'http://app.example.org',
    'https://app.example.org:8443',
    'https://APP.example.org',
    'https://app.example.org/',
    'https://app.example.org, https://evil.example',
    'null',
    '*',
    '',
  ]
  for (const server of [serverFor(APP), serverFor()]) {
    for (const origin of origins) {
      for (const request of [preflight(origin), ask('/health', { origin })]) {
        const response = await server.fetch(request)
        expect(corsOf(response)).toEqual({})
        expect(response.headers.get('vary')).toContain('origin')
      }
    }
  }
})

test('an origin that is not exact is refused when the server is made', () => {
  const refused = [
    '*',
    'null',
    '',
    'app.example.org',
    'https://*.example.org',
    'https://app.example.org/',
    'https://app.example.org/path',
    'https://app.example.org:443',
    'https://App.example.org',
    'https://anna@app.example.org',
    'https://äpp.example.org',
    7,
  ]
  for (const origin of refused) {
    expect(() => testServer({ cors: { origins: [origin as string] } })).toThrow(
      expect.objectContaining({ code: 'invalid_options', message: expect.stringContaining('`origins`') }),
    )
  }
  for (const cors of [{}, { origins: APP }, { origins: [APP], credentials: true }]) {
    expect(() => testServer({ cors: cors as never })).toThrow(expect.objectContaining({ code: 'invalid_options' }))
  }
  for (const origin of [APP, 'http://localhost:5173', 'https://[::1]:8443', 'capacitor://localhost']) {
    expect(testServer({ cors: { origins: [origin] } }).server.isOpen).toBe(true)
  }
})

test('an origin is no credential: with a good token a request counts from anywhere, without one from nowhere', async () => {
  const server = serverFor(APP)
  const statusOf = async (origin: string, authorization: string): Promise<number> =>
    (await server.fetch(ask('/v1/spaces/stories/version', { origin, authorization }))).status
  expect(await statusOf('https://evil.example', 'Bearer anna')).toBe(200)
  expect(await statusOf(APP, 'Bearer nobody')).toBe(401)
})

test('a server without authentication refuses the pages of other sites, but for those on the list', async () => {
  const { server } = testServer({ cors: { origins: [APP] } })
  const send = async (origin: string, method: string): Promise<Response> =>
    server.fetch(ask('/v1/spaces/stories/operations', { origin, 'content-type': 'application/json' }, method))
  for (const method of ['GET', 'POST']) {
    for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example', 'x']) {
      expect(await refusalOf(await send(origin, method), 403)).toMatchObject({ code: 'forbidden' })
    }
    for (const origin of [APP, 'http://localhost:5173', 'http://127.0.0.1']) {
      expect(await refusalOf(await send(origin, method), 400)).toMatchObject({ code: 'bad_message' })
    }
  }
})
