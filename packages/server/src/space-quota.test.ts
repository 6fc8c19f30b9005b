import type { DocumentState, SyncStore, Usage } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { sqliteStore } from './sqlite-store.ts'
import { seededRandom } from './testing/manual-clock.ts'
import { type TestClient, receiptOf, refusalOf, replicaNamed } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

const usageOf = async (store: SyncStore): Promise<Usage> =>
  store.read('stories', async (reader) => (await reader.space()).usage)

/** What the texts that the store gives out really take up. */
const weigh = async (store: SyncStore): Promise<Usage> =>
  store.read('stories', async (reader) => {
    const rows = await reader.changedAfter(0, 1000)
    const states = await reader.states(rows)
    const tails = await reader.tails(rows.map((row) => ({ row, after: 0 })))
    const texts = [...states, ...tails.flat().map(({ text }) => text)]
    return { documents: rows.length, bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) }
  })

const offerOf = (document: string, text: string, counter = 1) => {
  const dot = { replica: replicaNamed('elsewhere'), counter }
  const state: DocumentState = {
    version: [dot],
    writes: [{ dot, time: 1, base: [], keep: [], root: 'content', path: [], value: { text } }],
  }
  return { collection: 'chapters', document, state }
}

test('what a space takes up is told exactly, whatever is pushed', async () => {
  const { client, store } = testServer()
  const anna = await client('anna')
  const chance = seededRandom(7)
  const last = new Map<string, number>()
  const write = (document: string): void => {
    const known = last.get(document)
    const text = 'é'.repeat(Math.floor(chance.fraction() * 400))
    const base = known === undefined ? [] : [{ replica: anna.replica, counter: known }]
    if (known === undefined) anna.create(document, { text })
    else if (chance.fraction() < 0.1) anna.delete(document, { base })
    else anna.update(document, chance.fraction() < 0.5 ? 'text' : 'more', text, { base })
    last.set(document, anna.counter)
  }
  for (let round = 1; round <= 60; round++) {
    for (let n = 0; n < 8; n++) write(`d${Math.floor(chance.fraction() * 12)}`)
    await anna.push(round % 10 === 0 ? [offerOf(`d${round % 7}`, 'x'.repeat(round), round)] : [])
    expect(await usageOf(store), `round ${round}`).toEqual(await weigh(store))
  }
  expect(await usageOf(store)).toMatchObject({ documents: 12 })
})

test('a document more than a space may have stops the push there', async () => {
  const { client } = testServer({ limits: { spaceDocuments: 2 } })
  const anna = await client('anna')
  for (const name of ['one', 'two']) anna.create(name, {})
  const third = anna.create('three', {})
  anna.update('one', 'n', 1, { base: [{ replica: anna.replica, counter: 1 }] })
  expect(await anna.push()).toMatchObject({
    acknowledged: [{ counter: 2 }],
    to: 2,
    problem: { code: 'space_full', dot: third.dot, message: expect.stringContaining('2 documents') as string },
  })
})

test('bytes more than a space may hold stop the push there', async () => {
  const { client } = testServer({ limits: { spaceBytes: 1000 } })
  const anna = await client('anna')
  anna.create('one', { text: 'x'.repeat(500) })
  const base = [{ replica: anna.replica, counter: 1 }]
  const second = anna.update('one', 'more', 'y'.repeat(500), { base })
  expect(await anna.push()).toMatchObject({
    acknowledged: [{ counter: 1 }],
    to: 1,
    problem: { code: 'space_full', dot: second.dot, message: expect.stringContaining('1000 bytes') as string },
  })
})

/** A client whose space has no room for a byte more. */
async function inFullSpace(): Promise<{ readonly anna: TestClient; readonly store: SyncStore }> {
  const { client, store } = testServer({ limits: { spaceDocuments: 1, spaceBytes: 500 } })
  const anna = await client('anna')
  anna.create('one', { text: 'x'.repeat(430) })
  await anna.push()
  anna.update('one', 'more', 'y'.repeat(50), { base: [{ replica: anna.replica, counter: 1 }] })
  expect((await anna.push()).problem).toMatchObject({ code: 'space_full' })
  anna.outbox = []
  anna.counter--
  return { anna, store }
}

test('deletes and voids are taken into a full space', async () => {
  const { anna, store } = await inFullSpace()
  anna.delete('one')
  anna.voids(2)
  const before = await usageOf(store)
  expect(await anna.push()).toMatchObject({ acknowledged: [{ counter: 4 }], to: 2, problem: undefined })
  expect((await usageOf(store)).bytes).toBeGreaterThan(before.bytes)
})

test('what a full space holds already is acknowledged again', async () => {
  const { client } = testServer({ limits: { spaceDocuments: 1 } })
  const anna = await client('anna')
  anna.create('one', {})
  await anna.pushRaw()
  const again = await receiptOf(await anna.pushRaw())
  expect(again).toMatchObject({ acknowledged: [{ counter: 1 }], to: 1, problem: undefined })
})

test('an offer that does not fit refuses the whole push, and nothing of it is taken', async () => {
  const { client, store } = testServer({ limits: { spaceDocuments: 2 } })
  const anna = await client('anna')
  anna.create('one', {})
  await anna.push()
  anna.create('two', {})
  const before = await usageOf(store)
  const response = await anna.pushRaw({ offers: [offerOf('three', 'a'), offerOf('four', 'b', 2)] })
  expect(await refusalOf(response, 507)).toMatchObject({ code: 'space_full', replicas: [] })
  expect(await usageOf(store)).toEqual(before)
  expect((await anna.pull()).head).toBe(1)
})

test('an offer that makes nothing larger is taken into a space that is fuller than it may be', async () => {
  const store = sqliteStore(':memory:')
  const anna = await testServer({ store }).client('anna')
  anna.create('one', { text: 'x'.repeat(430) })
  await anna.push()
  const before = await usageOf(store)
  const ben = await testServer({ store, limits: { spaceDocuments: 1, spaceBytes: 10 } }).client('ben')
  const dot = { replica: replicaNamed('elsewhere'), counter: 1 }
  const state: DocumentState = {
    version: [{ replica: anna.replica, counter: 1 }, dot],
    writes: [{ dot, time: 1, base: [], keep: [], root: 'content', path: [], value: {} }],
  }
  await ben.push([{ collection: 'chapters', document: 'one', state }])
  const { bytes } = await usageOf(store)
  expect(bytes).toBeLessThan(before.bytes)
  expect(bytes).toBeGreaterThan(10)
})
