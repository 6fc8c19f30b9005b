import { type DocumentState, type PushProblem, timestampAt } from '@whisker/protocol'
import { expect, test } from 'vitest'
import type { Validate } from './server-options.ts'
import { START_MS } from './testing/manual-clock.ts'
import { replicaNamed } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

const reasonOf = (problem: PushProblem | undefined): string | undefined =>
  problem?.code === 'operation_rejected' ? problem.reason.code : problem?.code

test('an operation that builds on what the server never saw is missing', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  const operation = anna.update('one', 'n', 1, { base: [{ replica: replicaNamed('unknown'), counter: 3 }] })
  anna.create('two', {})
  expect(await anna.push()).toMatchObject({
    acknowledged: [{ counter: 1 }],
    to: 1,
    problem: { code: 'missing', dot: operation.dot, collection: 'chapters', document: 'one' },
  })
})

test("a base is reached by the document's version as well as by the replica's row", async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const elsewhere = { replica: replicaNamed('elsewhere'), counter: 9 }
  const state: DocumentState = {
    version: [elsewhere],
    writes: [{ dot: elsewhere, time: 1, base: [], keep: [], root: 'content', path: [], value: { n: 0 } }],
  }
  anna.update('one', 'n', 1, { base: [elsewhere] })
  expect((await anna.push([{ collection: 'chapters', document: 'one', state }])).problem).toBeUndefined()
})

test('a time too far ahead stops the push there', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ahead = timestampAt(START_MS + 5 * 60_000)
  anna.create('one', {}, { time: ahead })
  const late = anna.create('two', {}, { time: ahead + 4097 })
  expect(await anna.push()).toMatchObject({
    acknowledged: [{ counter: 1 }],
    to: 1,
    problem: { code: 'clock_ahead', dot: late.dot },
  })
})

test('a time ahead is taken if the space holds one as high', async () => {
  const { client, clock } = testServer()
  const anna = await client('anna')
  const ahead = timestampAt(START_MS + 5 * 60_000)
  anna.create('one', {}, { time: ahead })
  await anna.push()
  clock.advance(-3_600_000)
  anna.create('two', {}, { time: ahead + 4096 })
  expect((await anna.push()).problem).toBeUndefined()
})

test('an operation that the app rejects stops the push there, and its counter is not taken', async () => {
  const { client } = testServer({
    validate: (_operation, { before, after }) =>
      after.value?.['title'] === 'bad'
        ? { code: 'no_bad_titles', message: `was ${JSON.stringify(before.value?.['title'])}` }
        : undefined,
  })
  const anna = await client('anna')
  anna.create('one', { title: 'good' })
  const bad = anna.update('one', 'title', 'bad', { base: [{ replica: anna.replica, counter: 1 }] })
  anna.create('two', {})
  expect(await anna.push()).toMatchObject({
    acknowledged: [{ counter: 1 }],
    from: 0,
    to: 1,
    problem: {
      code: 'operation_rejected',
      dot: bad.dot,
      reason: { code: 'no_bad_titles', message: 'was "good"' },
    },
  })
  anna.outbox[0] = { replica: anna.replica, from: 2, to: 2 }
  expect(await anna.push()).toMatchObject({ acknowledged: [{ counter: 3 }], to: 2 })
})

test('an app whose check throws fails the request and stores nothing', async () => {
  const { client } = testServer({
    validate: () => {
      throw new Error('secret')
    },
  })
  const anna = await client('anna')
  anna.create('one', {})
  const response = await anna.pushRaw()
  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('secret')
  expect((await anna.pull()).head).toBe(0)
})

test('an edit of a document that is not there is rejected, not made into one', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.update('nowhere', 'n', 1)
  const receipt = await anna.push()
  expect(reasonOf(receipt.problem)).toBe('document_not_found')
  expect(receipt).toMatchObject({ acknowledged: [{ counter: 0 }], to: 0 })
})

test('an operation or a document that is too large is rejected, one that just fits is taken', async () => {
  const { client } = testServer({ limits: { operationBytes: 400, documentBytes: 500 } })
  const anna = await client('anna')
  anna.create('one', { text: 'x'.repeat(300) })
  const base = [{ replica: anna.replica, counter: 1 }]
  anna.update('one', 'text', 'y'.repeat(300), { base })
  anna.update('one', 'more', 'z'.repeat(179), { base: [{ replica: anna.replica, counter: 2 }] })
  expect((await anna.push()).problem).toBeUndefined()
  anna.update('one', 'more', 'z'.repeat(180), { base: [{ replica: anna.replica, counter: 3 }] })
  expect(reasonOf((await anna.push()).problem)).toBe('document_too_large')
  const ben = await client('ben')
  ben.create('two', { text: 'x'.repeat(400) })
  expect(reasonOf((await ben.push()).problem)).toBe('operation_too_large')
})

test('a validate that returns no reason fails the request, takes nothing, and the log names it', async () => {
  const lines: string[] = []
  const validate = (() => 'No.') as unknown as Validate
  const { client, server } = testServer({ validate, log: (line) => lines.push(line) })
  const anna = await client('anna')
  anna.create('one', {})
  await expect(anna.push()).rejects.toThrow(/500|server_error|failed/)
  expect(lines.at(-1)).toContain('validate must return { code, message } or undefined')
  await server.close()
})
