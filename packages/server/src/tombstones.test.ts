import type { DocumentState, SyncStore } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { START_MS } from './testing/manual-clock.ts'
import { replicaNamed } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

/** Since when the document is a tombstone, counted from the start of the test. */
const goneSince = async (store: SyncStore, document: string): Promise<number | undefined> => {
  const key = { collection: 'chapters', document }
  const [row] = await store.read('stories', (reader) => reader.documents([key]))
  return row?.tombstoneMs === undefined ? undefined : row.tombstoneMs - START_MS
}

test('a deleted document is a tombstone from the time at which the server took the delete', async () => {
  const { client, store, clock } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  await anna.push()
  expect(await goneSince(store, 'one')).toBeUndefined()
  clock.advance(1000)
  anna.delete('one')
  await anna.push()
  expect(await goneSince(store, 'one')).toBe(1000)
})

test('one that is created and deleted in one push is a tombstone', async () => {
  const { client, store } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  anna.delete('one')
  await anna.push()
  expect(await goneSince(store, 'one')).toBe(0)
})

test('a tombstone that changes counts from its last change', async () => {
  const { client, store, clock } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('one', {})
  anna.delete('one')
  await anna.push()
  clock.advance(5000)
  ben.delete('one', { base: [{ replica: anna.replica, counter: 1 }] })
  await ben.push()
  expect(await goneSince(store, 'one')).toBe(5000)
})

test('metadata brings no tombstone back', async () => {
  const { client, store, clock } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  anna.delete('one')
  await anna.push()
  clock.advance(2000)
  const edit = anna.update('one', 'pinned', true)
  anna.outbox = [{ ...edit, type: 'metadata_update', delta: [{ root: 'metadata', path: ['pinned'], value: true }] }]
  expect((await anna.push()).to).toBe(3)
  expect(await goneSince(store, 'one')).toBe(2000)
})

test('an edit that the delete had not seen, or that follows it, makes a document of the tombstone', async () => {
  const { client, store } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  for (const name of ['one', 'two']) {
    anna.create(name, {})
    anna.delete(name)
  }
  await anna.push()
  ben.update('one', 'n', 1, { base: [{ replica: anna.replica, counter: 1 }] })
  await ben.push()
  anna.create('two', {}, { base: [{ replica: anna.replica, counter: 4 }] })
  await anna.push()
  expect(await goneSince(store, 'one')).toBeUndefined()
  expect(await goneSince(store, 'two')).toBeUndefined()
})

test('a delete that had not seen an edit makes no tombstone', async () => {
  const { client, store } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('one', {})
  await anna.push()
  ben.update('one', 'n', 1, { base: [{ replica: anna.replica, counter: 1 }] })
  await ben.push()
  anna.delete('one', { base: [{ replica: anna.replica, counter: 1 }] })
  await anna.push()
  expect(await goneSince(store, 'one')).toBeUndefined()
})

test('an operation that drops the last edit in sight leaves a tombstone', async () => {
  const { client, store, clock } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('one', {})
  anna.delete('one')
  await anna.push()
  const edit = ben.update('one', 'n', 1, { base: [{ replica: anna.replica, counter: 1 }] })
  await ben.push()
  clock.advance(3000)
  const drop = [{ dot: edit.dot, root: 'content', path: ['n'] } as const]
  anna.drop('one', drop)
  await anna.push()
  expect(await goneSince(store, 'one')).toBe(3000)
})

test('an offered state is a tombstone if nothing of it is in sight', async () => {
  const { client, store } = testServer()
  const anna = await client('anna')
  const dot = { replica: replicaNamed('elsewhere'), counter: 1 }
  const state: DocumentState = {
    version: [dot],
    writes: [{ dot, time: 1, base: [], keep: [], root: 'content', path: [], value: undefined }],
  }
  await anna.push([{ collection: 'chapters', document: 'one', state }])
  expect(await goneSince(store, 'one')).toBe(0)
})

test('a tombstone whose tail is folded stays one', async () => {
  const { client, store, clock } = testServer()
  const anna = await client('anna')
  anna.create('one', { n: 0 })
  anna.delete('one')
  await anna.push()
  for (let n = 0; n < 40; n++) {
    clock.advance(1)
    anna.delete('one')
    await anna.push()
  }
  expect(await goneSince(store, 'one')).toBe(40)
})
