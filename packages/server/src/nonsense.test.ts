import { type JsonValue, encodePush } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { type TestClient, refusalOf } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

type Message = Record<string, unknown>

/** A good push, changed. */
const changed =
  (change: Message) =>
  (client: TestClient): string => {
    const good = encodePush(client.pushRequest()) as Message
    return JSON.stringify({ ...good, ...change })
  }
/** A good push whose first entry is changed at one place. */
const entryWith =
  (index: number, value: unknown) =>
  (client: TestClient): string => {
    const good = encodePush(client.pushRequest())
    const [entry] = good['entries'] as JsonValue[][]
    return JSON.stringify({ ...good, entries: [(entry ?? []).with(index, value as JsonValue)] })
  }
const text = (body: string) => (): string => body
const deep = '['.repeat(100_000) + ']'.repeat(100_000)
const nested = JSON.parse('{"a":'.repeat(66) + '1' + '}'.repeat(66)) as unknown

const BAD_MESSAGES: readonly (readonly [name: string, body: (client: TestClient) => string])[] = [
  ['nothing', text('')],
  ['no JSON', text('{"v":1')],
  ['two values', text('{} {}')],
  ['a number', text('1')],
  ['null', text('null')],
  ['a text', text('"push"')],
  ['a list', text('[]')],
  ['an empty object', text('{}')],
  ['a very deep list', text(deep)],
  ['a very deep object', text('{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000))],
  ['no version', changed({ v: undefined })],
  ['version 0', changed({ v: 0 })],
  ['a version as text', changed({ v: '1' })],
  ['no position', changed({ at: undefined })],
  ['a position of texts', changed({ at: ['a', 'b', 'c', 'd'] })],
  ['a negative position', changed({ at: [null, -1, 0, 0] })],
  ['a broken seq', changed({ at: [null, 0.5, 0, 0] })],
  ['a seq beyond all integers', changed({ at: [null, 2 ** 53, 0, 0] })],
  ['a wrong epoch', changed({ at: ['short', 0] })],
  ['no device', changed({ device: null })],
  ['a device with a wrong id', changed({ device: ['../../etc', 'x'] })],
  ['a device with a very long name', changed({ device: ['d'.repeat(22), 'x'.repeat(2000)] })],
  ['a device with half a character', changed({ device: ['d'.repeat(22), '\ud800'] })],
  ['replicas that are no list', changed({ replicas: {} })],
  ['more replicas than ids', changed({ ids: [] })],
  ['the same replica twice', changed({ ids: ['a'.repeat(16), 'a'.repeat(16)] })],
  ['a replica id with a quote', changed({ ids: ["a'; DROP TABLE --"] })],
  ['a replica with a negative counter', changed({ replicas: [[null, -1, 0]] })],
  ['entries that are no list', changed({ entries: 'all' })],
  ['an entry that is no list', changed({ entries: [{}] })],
  ['an empty entry', changed({ entries: [[]] })],
  ['voids that end before they begin', changed({ entries: [[0, 5, 4]] })],
  ['an entry of a replica that is not in the table', changed({ entries: [[7, 1, 1]] })],
  ['a collection named by a path', entryWith(0, '../x')],
  ['a document named by nothing', entryWith(1, '')],
  ['an unknown type', entryWith(2, 9)],
  ['a counter of 0', entryWith(4, 0)],
  ['a negative time', entryWith(5, -5)],
  ['a base of texts', entryWith(6, ['a', 1])],
  ['a create without a document', entryWith(7, [[['title'], 1]])],
  ['a value nested too deep', entryWith(7, [[[], nested]])],
  ['a value with a forbidden key', entryWith(7, [[[], JSON.parse('{"__proto__":1}') as unknown]])],
  ['a value with half a character', entryWith(7, [[[], { a: '\udfff' }]])],
  ['an offer of nothing', changed({ offers: [[]] })],
  ['an offer with a broken state', changed({ offers: [['c', 'd', ['x', 1, 2, 3]]] })],
  ['a strategy that there is not', changed({ strategies: { chapters: 'best_effort' } })],
]

test.for(BAD_MESSAGES)('a push with %s is a bad message', async ([, body]) => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.create('one', { title: 'good' })
  const request = new Request('http://localhost/v1/spaces/stories/operations', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: body(anna),
  })
  expect(await refusalOf(await anna.send(request), 400)).toMatchObject({ code: 'bad_message' })
  expect((await anna.pull()).head).toBe(0)
  expect((await anna.push()).to).toBe(1)
})

const BAD_PULLS: readonly (readonly [name: string, query: Record<string, string>, code: string])[] = [
  ['nothing', {}, 'bad_message'],
  ['a later version', { v: '2' }, 'unsupported_version'],
  ['a position that is no JSON', { at: 'x' }, 'bad_message'],
  ['a limit of 0', { limit: '0' }, 'bad_message'],
  ['a limit that is a list', { limit: '[1]' }, 'bad_message'],
  ['a negative wait', { wait: '-1' }, 'bad_message'],
  ['a deep text', { acknowledged: deep.slice(0, 3000) }, 'bad_message'],
  [
    'too many replicas',
    { acknowledged: JSON.stringify(Array.from({ length: 65 }, () => ['a'.repeat(16), 1])) },
    'bad_message',
  ],
]

test.for(BAD_PULLS)('a pull with %s is refused', async ([name, change, code]) => {
  const { client, server } = testServer()
  const anna = await client('anna')
  const good = { v: '1', at: '[null,0]', device: `["${anna.device.id}","x"]`, acknowledged: '[]', limit: '10' }
  const query = new URLSearchParams(name === 'nothing' ? {} : { ...good, ...change })
  const response = await server.fetch(new Request(`http://localhost/v1/spaces/stories/operations?${query.toString()}`))
  expect(await refusalOf(response, 400)).toMatchObject({ code })
})

test('a push of a later version is told which one is spoken', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const response = await anna.send(
    new Request('http://localhost/v1/spaces/stories/operations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ v: 2, something: 'else' }),
    }),
  )
  expect(await refusalOf(response, 400)).toMatchObject({ code: 'unsupported_version' })
})
