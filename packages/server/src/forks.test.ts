import { decodeState } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { receiptOf, refusalOf } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

const claimWith = (
  client: Awaited<ReturnType<ReturnType<typeof testServer>['client']>>,
  counter: number,
  check: number,
) => ({
  replicas: [{ replica: client.replica, epoch: client.epoch, previous: { counter, check } }],
})

test('another operation under a known name is a fork, and what came before it is acknowledged', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const twin = await client('anna')
  anna.create('one', { n: 1 })
  anna.create('two', { n: 2 })
  await anna.push()
  twin.create('one', { n: 1 })
  twin.create('other', { n: 3 })
  twin.create('third', { n: 4 })
  const receipt = await twin.push()
  expect(receipt).toMatchObject({
    acknowledged: [{ replica: anna.replica, counter: 1 }],
    to: 2,
    problem: { code: 'replica_forked', replica: anna.replica, last: { counter: 2, check: anna.check } },
  })
  expect(receipt.from).toBeUndefined()
})

test("a push that begins after the end of the server's history is a fork", async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.counter = 5
  anna.acknowledged = 5
  anna.create('one', {})
  expect(await anna.push()).toMatchObject({
    acknowledged: [],
    to: 0,
    problem: { code: 'replica_forked', last: { counter: 0, check: 0 } },
  })
})

test('another check value at the place that a push begins at is a fork', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  await anna.push()
  anna.create('two', {})
  const receipt = await receiptOf(await anna.pushRaw(claimWith(anna, 1, anna.check + 1)))
  expect(receipt).toMatchObject({ to: 1, problem: { code: 'replica_forked', last: { counter: 1, check: anna.check } } })
  const fresh = await client('fresh')
  fresh.create('three', {})
  const beginning = await receiptOf(await fresh.pushRaw(claimWith(fresh, 0, 7)))
  expect(beginning.problem).toMatchObject({ code: 'replica_forked', last: { counter: 0, check: 0 } })
})

test('a repeated operation whose check value is no longer kept is a fork', async () => {
  const { client } = testServer({ limits: { checksKept: 2 } })
  const anna = await client('anna')
  for (const name of ['one', 'two', 'three', 'four']) anna.create(name, {})
  const all = [...anna.outbox]
  const [, , ...kept] = all
  await anna.push()
  const forgotten = await receiptOf(await anna.pushRaw({ ...claimWith(anna, 0, 0), entries: all }))
  expect(forgotten.problem).toMatchObject({ code: 'replica_forked', last: { counter: 4, check: anna.check } })
  expect(kept).toHaveLength(2)
  anna.create('five', {})
  expect((await anna.push()).problem).toBeUndefined()
})

test('voids instead of a known operation are a fork', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const twin = await client('anna')
  anna.create('one', {})
  await anna.push()
  twin.voids(1)
  expect((await twin.push()).problem).toMatchObject({ code: 'replica_forked', last: { counter: 1 } })
})

test('an operation whose name an offered state holds already is a fork, not lost', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  const state = decodeState([anna.replica, 1, 5, { from: 'elsewhere' }], 'test')
  await ben.push([{ collection: 'chapters', document: 'one', state }])
  anna.create('one', { from: 'here' })
  expect((await anna.push()).problem).toMatchObject({ code: 'replica_forked', last: { counter: 0 } })
})

test('a gap between the entries of one push is a bad request', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  anna.counter++
  anna.create('two', {})
  expect(await refusalOf(await anna.pushRaw(), 400)).toMatchObject({ code: 'bad_request' })
  const ben = await client('ben')
  expect(await refusalOf(await ben.pushRaw({ entries: anna.outbox.slice(0, 1) }), 400)).toMatchObject({
    code: 'bad_request',
  })
  expect((await ben.pull()).head).toBe(0)
})

test('more entries, offers or voids than a batch may have are too large', async () => {
  const { client } = testServer({ limits: { batchOperations: 2, batchVoids: 10 } })
  const anna = await client('anna')
  const state = decodeState([anna.replica, 1, 1, {}], 'test')
  anna.create('one', {})
  anna.create('two', {})
  const offers = [{ collection: 'chapters', document: 'three', state }]
  expect(await refusalOf(await anna.pushRaw({ offers }), 413)).toMatchObject({ code: 'too_large' })
  const ben = await client('ben')
  ben.voids(11)
  expect(await refusalOf(await ben.pushRaw(), 413)).toMatchObject({ code: 'too_large' })
})
