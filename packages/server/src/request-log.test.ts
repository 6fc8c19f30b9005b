import { expect, test } from 'vitest'
import { toLine } from './request-log.ts'
import { testServer } from './testing/test-server.ts'

test('each request is one line of JSON, without anything that somebody wrote', async () => {
  const lines: string[] = []
  const { client, server } = testServer({
    log: (line) => lines.push(line),
    authenticate: () => ({ id: 'principal-secret' }),
    validate: (operation) => {
      if (operation.document === 'crash-secret') throw new Error('message-secret')
      return undefined
    },
  })
  const anna = await client('anna', 'stories', { authorization: 'Bearer token-secret' })
  anna.create('document-secret', { title: 'content-secret\n\u001b[31m' })
  await anna.push()
  anna.create('crash-secret', {})
  await anna.pushRaw()
  await server.fetch(new Request('http://localhost/v1/spaces/stories/version?token=token-secret'))
  await server.fetch(new Request('http://localhost/path-secret%0aforged'))
  expect(lines.join('\n')).not.toMatch(/secret/)
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(
    entries.map(({ method, route, space, status, code, operations }) => [
      method,
      route,
      space,
      status,
      code,
      operations,
    ]),
  ).toEqual([
    ['GET', '/v1/spaces/:space/operations', 'stories', 200, undefined, 0],
    ['POST', '/v1/spaces/:space/operations', 'stories', 200, undefined, 1],
    ['POST', '/v1/spaces/:space/operations', 'stories', 500, 'server_error', 1],
    ['GET', '/v1/spaces/:space/version', undefined, 400, 'bad_request', undefined],
    ['GET', 'none', undefined, 404, 'bad_request', undefined],
  ])
  for (const entry of entries) expect([typeof entry['ms'], typeof entry['bytes']]).toEqual(['number', 'number'])
  expect(entries[2]?.['failure']).toContainEqual(expect.stringMatching(/^at .*request-log\.test\.ts/))
})

test('a line stays one line whatever is in it', () => {
  const line = toLine({
    at: '2025',
    method: 'GET\r\n{"forged":1}',
    route: '\u001b[2J\u009b31m\u2028\u2029\u0085',
    status: 200,
    ms: 0,
    bytes: 0,
  })
  expect(line).toMatch(/^[\u0020-\u007e]+$/)
  expect(JSON.parse(line)).toMatchObject({ method: 'GET\r\n{"forged":1}' })
})
