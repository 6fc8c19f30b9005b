import { type PushRequest, encodePull, encodePush, parseJson } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { sqliteStore } from './sqlite-store.ts'
import { FrameReader, settled } from './testing/frame-reader.ts'
import { SessionClient } from './testing/session-client.ts'
import { testServer } from './testing/test-server.ts'

test('a client syncs through a session as over HTTP', async () => {
  const { server, client } = testServer()
  const anna = await new SessionClient(server, 'anna').meet()
  const ben = await client('ben')
  anna.create('one', { title: 'One' })
  expect(await anna.push()).toMatchObject({ from: 0, to: 1, acknowledged: [{ counter: 1 }] })
  expect((await ben.pull()).rows).toMatchObject([{ document: 'one' }])
  ben.create('two', {})
  await ben.push()
  expect((await anna.pull()).rows).toMatchObject([{ document: 'two' }])
})

test('a session answers with the status and the text that HTTP answers with', async () => {
  const { server, client } = testServer({ authorize: (_, space) => space !== 'secret' })
  const anna = await client('anna')
  anna.create('one', {})
  await anna.push()
  anna.create('two', {})
  const session = server.session({ id: 'local' })
  const pull = encodePull(anna.pullRequest())
  const request = anna.pushRequest()
  const stranger = encodePull({ ...anna.pullRequest(), seen: 99 })
  const cases: readonly (readonly ['version' | 'pull' | 'push', space: string, said: unknown])[] = [
    ['version', 'stories', {}],
    ['version', 'secret', {}],
    ['version', '-', {}],
    ['pull', 'stories', pull],
    ['pull', 'stories', { ...pull, v: '2' }],
    ['pull', 'stories', { ...pull, acknowledged: 'x' }],
    ['pull', 'stories', stranger],
    ['pull', 'secret', pull],
    ['push', 'secret', null],
    ['push', 'stories', null],
    ['push', 'stories', { v: 2 }],
    ['push', 'stories', encodePush({ ...request, entries: tooMany(request) })],
    ['push', 'stories', encodePush({ ...request, replicas: [] })],
    ['push', 'stories', encodePush({ ...request, seen: 99 })],
  ]
  const statuses = new Set<number>()
  for (const [kind, space, said] of cases) {
    const parameters = new URLSearchParams(said as Record<string, string>)
    const url = `http://localhost/v1/spaces/${space}/${kind === 'version' ? kind : 'operations'}`
    const overHttp = await server.fetch(
      kind === 'push'
        ? new Request(url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(said),
          })
        : new Request(kind === 'pull' ? `${url}?${parameters.toString()}` : url),
    )
    const answer =
      kind === 'push'
        ? await session.push(space, parseJson(JSON.stringify(said)))
        : kind === 'pull'
          ? await session.pull(space, said as Record<string, string>)
          : await session.version(space)
    expect(answer, `${kind} ${space}`).toEqual({ status: overHttp.status, text: await overHttp.text() })
    statuses.add(answer.status)
  }
  expect(statuses).toEqual(new Set([200, 400, 403, 409, 413]))
})

const tooMany = ({ entries }: PushRequest) => Array.from({ length: 501 }, () => entries[0] as (typeof entries)[number])

test('a session never rejects: what fails is answered as the failure of the server', async () => {
  const inner = sqliteStore(':memory:')
  const lines: string[] = []
  const { server } = testServer({
    log: (line) => lines.push(line),
    store: {
      ...inner,
      read: async () => {
        throw new Error('The disk is gone.')
      },
    },
  })
  const { session } = new SessionClient(server, 'anna')
  const answers = [
    await session.version('stories'),
    await session.pull('stories', {}),
    await session.push('stories', {}),
  ]
  expect(answers.map(({ status }) => status)).toEqual([500, 400, 500])
  expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ failure: expect.arrayContaining(['Error']) })
})

test('a session is answered with unavailable once the server closes, and closing waits for what runs', async () => {
  const { server } = testServer()
  const anna = await new SessionClient(server, 'anna').meet()
  anna.create('one', {})
  const pushed = anna.pushRaw()
  const pulled = anna.pullRaw({ waitMs: 10_000 })
  await settled()
  const closed = server.close()
  const late = await anna.session.version('stories')
  expect([late.status, JSON.parse(late.text)]).toMatchObject([
    503,
    { error: { code: 'unavailable', retryAfter: 10_000 } },
  ])
  expect([(await pushed).status, (await pulled).status]).toEqual([200, 200])
  await closed
})

test('a pull whose client is gone waits no longer in a session either', async () => {
  const { server, clock } = testServer()
  const anna = await new SessionClient(server, 'anna').meet()
  const gone = new AbortController()
  const answer = anna.session.pull('stories', encodePull(anna.pullRequest({ waitMs: 10_000 })), gone.signal)
  await settled()
  expect(clock.waiting).toBe(1)
  gone.abort()
  expect((await answer).status).toBe(200)
  expect(clock.waiting).toBe(0)
})

test('the log has a line for each request of a session, and one for each subscription when it is over', async () => {
  const lines: string[] = []
  const { server } = testServer({ log: (line) => lines.push(line) })
  const anna = await new SessionClient(server, 'anna').meet()
  const subscription = await anna.listen(new FrameReader())
  anna.create('document-secret', { title: 'content-secret' })
  await anna.push()
  await settled()
  subscription.close()
  await anna.session.pull('stories', {})
  expect(lines.join('\n')).not.toMatch(/secret/)
  expect(
    lines.map((line) => {
      const { method, route, space, status, code, operations } = JSON.parse(line) as Record<string, unknown>
      return [method, route, space, status, code, operations]
    }),
  ).toEqual([
    ['SESSION', 'pull', 'stories', 200, undefined, 0],
    ['SESSION', 'push', 'stories', 200, undefined, 1],
    ['SESSION', 'subscribe', 'stories', 200, undefined, 1],
    ['SESSION', 'pull', 'stories', 400, 'bad_message', undefined],
  ])
})
