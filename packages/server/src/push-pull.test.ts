import { checkAfter, decodeState, encodeState, isVoid } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { receiptOf } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

test('what one client pushed another pulls', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('one', { title: 'The Dragon' })
  const operation = anna.create('two', { title: 'The Knight' })
  const receipt = await anna.push()
  expect(receipt).toMatchObject({ acknowledged: [{ replica: anna.replica, counter: 2 }], from: 0, to: 2 })
  expect(receipt.problem).toBeUndefined()

  const page = await ben.pull()
  expect(page).toMatchObject({ since: 2, after: 2, head: 2, more: false })
  expect(page.rows.map((row) => [row.document, row.seq])).toEqual([
    ['one', 1],
    ['two', 2],
  ])
  expect(page.rows[1]?.state?.writes).toMatchObject([
    { dot: operation.dot, time: operation.time, value: { title: 'The Knight' } },
  ])
})

test('a repeated push changes nothing and is acknowledged alike', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.create('one', { n: 1 })
  anna.update('one', 'n', 2, { base: [{ replica: anna.replica, counter: 1 }] })
  anna.voids(2)
  const request = { entries: [...anna.outbox] }
  const first = await receiptOf(await anna.pushRaw(request))
  const again = await receiptOf(await anna.pushRaw(request))
  expect(again).toMatchObject({ acknowledged: first.acknowledged, to: first.to })
  expect(again.from).toBeUndefined()
  const ben = await client('ben')
  expect(ben.cursor.since).toBe(2)
})

test('a push of known and new entries stores the new ones, and moves no cursor', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('one', { n: 1 })
  await anna.pushRaw()
  ben.create('two', { n: 2 })
  await ben.push()
  anna.create('three', { n: 3 })
  const receipt = await anna.push()
  expect(receipt).toMatchObject({ acknowledged: [{ counter: 2 }], to: 3 })
  expect(receipt.from).toBeUndefined()
})

test('voided counters are taken and store nothing', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.voids(3)
  const receipt = await anna.push()
  expect(receipt).toMatchObject({ acknowledged: [{ counter: 3 }], to: 0 })
  expect(receipt.from).toBeUndefined()
  anna.create('one', { n: 1 })
  expect(await anna.push()).toMatchObject({ acknowledged: [{ counter: 4 }], from: 0, to: 1 })
})

test('voids that are partly known are taken from there on', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.voids(2)
  const [short] = anna.outbox
  if (!short || !isVoid(short)) throw new Error('no void')
  await anna.pushRaw()
  anna.outbox = [{ ...short, to: 5 }]
  anna.counter = 5
  expect(await anna.push()).toMatchObject({ acknowledged: [{ counter: 5 }], to: 0 })
  anna.create('one', {})
  expect((await anna.push()).problem).toBeUndefined()
})

test('a push of two replicas acknowledges each of them', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const tab = await client('tab')
  const first = anna.create('one', {})
  const second = tab.create('two', {})
  const receipt = await anna.pushRaw({
    replicas: [...anna.pushRequest().replicas, ...tab.pushRequest().replicas],
    entries: [second, first],
  })
  expect(await receipt.json()).toMatchObject({
    acknowledged: [
      [anna.replica, 1],
      [tab.replica, 1],
    ],
    to: 2,
  })
})

test('an offered state is joined before the operations, and travels as a state', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  const lost = ben.create('lost', { title: 'Found again' })
  const state = decodeState([ben.replica, lost.dot.counter, lost.time, { title: 'Found again' }], 'test')
  const edit = anna.update('lost', 'title', 'Edited', { base: state.version })
  const receipt = await anna.push([{ collection: 'chapters', document: 'lost', state }])
  expect(receipt).toMatchObject({ from: 1, to: 2, refusedOffers: [], acknowledged: [{ counter: 1 }] })
  const carol = await client('carol')
  const page = await carol.pull({ cursor: { ...carol.cursor, since: 0, after: 0 } })
  expect(page.rows).toHaveLength(1)
  expect(encodeState(page.rows[0]?.state ?? state)).toEqual(encodeState(state))
  expect(page.rows[0]?.operations).toEqual([edit])
})

test('an offer of what the server holds changes nothing', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.create('one', { n: 1 })
  await anna.push()
  const [row] = (await (await client('ben')).pull({ cursor: { ...anna.cursor, since: 0, after: 0 } })).rows
  if (!row?.state) throw new Error('no state')
  expect(await anna.push([{ collection: 'chapters', document: 'one', state: row.state }])).toMatchObject({ to: 1 })
})

test('an offer that is too large is refused alone', async () => {
  const { client } = testServer({ limits: { documentBytes: 100 } })
  const anna = await client('anna')
  const large = decodeState([anna.replica, 1, 1, { text: 'x'.repeat(100) }], 'test')
  anna.create('one', {})
  const receipt = await anna.push([{ collection: 'chapters', document: 'large', state: large }])
  expect(receipt.refusedOffers.map(({ document, reason }) => [document, reason.code])).toEqual([
    ['large', 'document_too_large'],
  ])
  expect(receipt).toMatchObject({ from: 0, to: 1 })
})

test('an offer with a write of a time that is yet to come is refused alone, so that no clock is carried off', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const early = decodeState([anna.replica, 1, Number.MAX_SAFE_INTEGER, { text: 'from the end of time' }], 'test')
  anna.create('one', {})
  const receipt = await anna.push([{ collection: 'chapters', document: 'early', state: early }])
  expect(receipt.refusedOffers.map(({ document, reason }) => [document, reason.code])).toEqual([
    ['early', 'clock_ahead'],
  ])
  expect(receipt).toMatchObject({ from: 0, to: 1 })
})

test('the first push of a collection records its strategy, and no later one changes it', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.strategies = { chapters: 'keep_both', notes: 'manual' }
  anna.create('one', {})
  expect((await anna.push()).strategies).toEqual({ chapters: 'keep_both' })
  ben.strategies = { chapters: 'manual' }
  ben.create('two', {})
  expect((await ben.push()).strategies).toEqual({ chapters: 'keep_both' })
  const carol = await client('carol')
  expect((await carol.pull({ cursor: { ...carol.cursor, since: 0, after: 0 } })).strategies).toEqual({
    chapters: 'keep_both',
  })
  expect((await carol.pull()).strategies).toEqual({})
})

test("the check values that a client works out are the server's", async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const operation = anna.create('one', { ü: '👍' })
  await anna.push()
  expect(anna.check).toBe(checkAfter(0, operation))
  anna.create('two', {})
  expect((await anna.push()).problem).toBeUndefined()
})
