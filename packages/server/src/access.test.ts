import { encodePull, encodePush } from '@whisker/protocol'
import { expect, test } from 'vitest'
import type { Action, Authenticate, Authorize } from './server-options.ts'
import { settled } from './testing/frame-reader.ts'
import { TestClient, refusalOf } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

/** The token is the name. */
const authenticate: Authenticate = (request) => {
  const name = /^Bearer (\w+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
  return name === undefined || name === 'expired' ? undefined : { id: name }
}
const onlyAnnasStories: Authorize = (principal, space) => principal.id === 'anna' && space === 'stories'
const as = (name: string) => ({ authorization: `Bearer ${name}` })

test('without a known principal nothing is answered', async () => {
  const { server } = testServer({ authenticate })
  const send = async (request: Request) => server.fetch(request)
  for (const headers of [{}, as('expired'), { authorization: 'Basic YTpi' }]) {
    const client = new TestClient(send, 'anna', 'stories', headers)
    for (const response of [await client.pullRaw(), await client.pushRaw()]) {
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      expect(await refusalOf(response, 401)).toMatchObject({ code: 'needs_auth' })
    }
    const version = await server.fetch(new Request('http://localhost/v1/spaces/stories/version', { headers }))
    expect(version.status).toBe(401)
  }
})

test('a request of which nobody can tell whose it is, is answered as unavailable after ten seconds', async () => {
  const log: string[] = []
  const { server, clock } = testServer({
    authenticate: async () => new Promise<never>(() => undefined),
    log: (line) => log.push(line),
  })
  const response = server.fetch(new Request('http://localhost/v1/spaces/stories/version'))
  await settled()
  clock.advance(10_000)
  expect(await refusalOf(await response, 503)).toMatchObject({ code: 'unavailable' })
  expect(log).toEqual([expect.stringContaining('"code":"unavailable"')])
})

test('a token in the URL is refused, even beside a good one', async () => {
  const { server } = testServer({ authenticate })
  for (const name of ['token', 'access_token']) {
    const url = `http://localhost/v1/spaces/stories/version?${name}=anna`
    const response = await server.fetch(new Request(url, { headers: as('anna') }))
    expect(await refusalOf(response, 400)).toMatchObject({ code: 'bad_request' })
  }
})

test('rights are asked for in one place, and creating a space is one of its own', async () => {
  const asked: (readonly [string, string, Action])[] = []
  const authorize: Authorize = (principal, space, action) => {
    asked.push([principal.id, space, action])
    return true
  }
  const { client } = testServer({ authenticate, authorize })
  const anna = await client('anna', 'stories', as('anna'))
  expect(asked.splice(0)).toEqual([['anna', 'stories', 'read']])
  anna.create('one', {})
  await anna.push()
  expect(new Set(asked.splice(0).map(([, , action]) => action))).toEqual(new Set(['create']))
  anna.create('two', {})
  await anna.push()
  expect(new Set(asked.splice(0).map(([, , action]) => action))).toEqual(new Set(['write']))
})

test('a forbidden space and one that is not there are refused alike on every route, in words and headers', async () => {
  const { client, server } = testServer({ authenticate, authorize: onlyAnnasStories })
  const anna = await client('anna', 'stories', as('anna'))
  anna.create('one', {})
  await anna.push()
  const bodies = ['{}', 'x', JSON.stringify(encodePush(anna.pushRequest()))]
  const requests: readonly (readonly [route: string, init: RequestInit])[] = [
    ['version', {}],
    ['version', { method: 'HEAD' }],
    ['operations', {}],
    ['operations?v=2', {}],
    [`operations?${new URLSearchParams(encodePull(anna.pullRequest())).toString()}`, {}],
    ...bodies.map((body) => ['operations', { method: 'POST', body }] as const),
    ['operations', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }],
    ['devices', {}],
    [`devices/${anna.device.id}`, { method: 'DELETE' }],
    ['devices/x', { method: 'DELETE' }],
  ]
  const refusals = new Set<string>()
  for (const [route, init] of requests) {
    for (const space of ['stories', 'nowhere', '__proto__']) {
      const headers = { 'content-type': 'application/json', ...as('ben'), ...(init.headers as Record<string, string>) }
      const url = `http://localhost/v1/spaces/${space}/${route}`
      const response = await server.fetch(new Request(url, { ...init, headers }))
      const text = init.method === 'HEAD' ? 'the same' : await response.text()
      refusals.add(JSON.stringify([response.status, [...response.headers], text]))
    }
  }
  expect([...refusals].map((text) => (JSON.parse(text) as [number])[0])).toEqual([403, 403])
  expect((await anna.pull()).head).toBe(1)
})

test('who may read and not write is told so', async () => {
  const { client, server } = testServer({
    authenticate,
    authorize: ({ id }, _, action) => id === 'anna' || action === 'read',
  })
  const anna = await client('anna', 'stories', as('anna'))
  anna.create('one', {})
  await anna.push()
  for (const space of ['stories', 'nowhere']) {
    const ben = new TestClient(async (request) => server.fetch(request), 'ben', space, as('ben'))
    await ben.pull()
    ben.create('two', {})
    expect(await refusalOf(await ben.pushRaw(), 403)).toMatchObject({
      code: 'forbidden',
      message: 'You may read this space, and not write to it.',
    })
  }
})

test('a hook that does not answer true refuses', async () => {
  const answers: unknown[] = [false, undefined, 1, 'yes', {}]
  for (const answer of answers) {
    const { server } = testServer({ authenticate, authorize: (() => answer) as unknown as Authorize })
    const ben = new TestClient(async (request) => server.fetch(request), 'ben', 'stories', as('ben'))
    expect((await ben.pullRaw()).status).toBe(403)
  }
})

test('a space that somebody else makes meanwhile takes the right to write', async () => {
  const asked: Action[] = []
  const { client, clock } = testServer({
    authenticate,
    authorize: async (principal, _space, action) => {
      if (principal.id === 'ben' && action !== 'read') {
        asked.push(action)
        // So old that it is asked again.
        if (asked.length === 1) clock.advance(1000)
        if (asked.length === 2) {
          anna.create('one', {})
          await anna.push()
        }
      }
      return principal.id === 'anna' || action !== 'write'
    },
  })
  const anna = await client('anna', 'stories', as('anna'))
  const ben = await client('ben', 'stories', as('ben'))
  ben.create('two', {})
  expect((await ben.pushRaw()).status).toBe(403)
  expect(asked).toEqual(['create', 'create', 'write'])
})

test('a replica id belongs to the principal that first used it', async () => {
  const { client, server } = testServer({ authenticate })
  const anna = await client('anna', 'stories', as('anna'))
  anna.create('one', {})
  await anna.push()
  const thief = new TestClient(async (request) => server.fetch(request), 'anna', 'stories', as('ben'))
  thief.epoch = anna.epoch
  thief.create('two', {})
  expect(await refusalOf(await thief.pushRaw(), 403)).toMatchObject({ code: 'wrong_principal', replicas: [] })
  expect(await refusalOf(await thief.pullRaw(), 403)).toMatchObject({ code: 'wrong_principal' })
})

test('a server without authentication answers loopback names only', async () => {
  const { server } = testServer()
  const statusAt = async (origin: string): Promise<number> =>
    (await server.fetch(new Request(`${origin}/v1/spaces/stories/version`))).status
  expect(await statusAt('http://localhost:8080')).toBe(200)
  expect(await statusAt('http://127.0.0.1')).toBe(200)
  expect(await statusAt('http://[::1]:1')).toBe(200)
  expect(await statusAt('http://rebound.example')).toBe(403)
  expect(await statusAt('http://localhost.example')).toBe(403)
})
