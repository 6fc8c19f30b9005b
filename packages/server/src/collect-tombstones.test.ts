import { LIMITS, type SyncStore } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { sqliteStore } from './sqlite-store.ts'
import { HOUR_MS, outlast } from './testing/retention.ts'
import type { TestClient } from './testing/test-client.ts'
import { type TestServer, testServer } from './testing/test-server.ts'
import { toldStore } from './testing/told-store.ts'

const DAY_MS = 86_400_000

/** Creates and deletes documents: two changes for each. */
async function deleteAll(client: TestClient, ...documents: readonly string[]): Promise<void> {
  for (const document of documents) {
    client.create(document, {})
    client.delete(document)
  }
  await client.push()
}

/** Comes to the head, and lets the server know. */
async function catchUp(client: TestClient): Promise<void> {
  await client.pull()
  await client.pull()
}

const documentsIn = async (store: SyncStore): Promise<string[]> =>
  store.read('stories', async (reader) => (await reader.changedAfter(0, 5000)).map(({ document }) => document))

/** A server on which anna has deleted a document and seen it, at the beginning of time. */
async function withTombstone(): Promise<TestServer & { readonly anna: TestClient }> {
  const world = testServer()
  const anna = await world.client('anna')
  anna.create('kept', {})
  await deleteAll(anna, 'gone')
  await catchUp(anna)
  return { ...world, anna }
}

test('a tombstone older than the retention that every replica has seen is removed, and told as collected', async () => {
  const { server, store, clock, anna } = await withTombstone()
  await outlast(clock, anna)
  clock.advance(-1000)
  expect(await server.collect('stories')).toEqual({ collected: 0, removed: 0, retired: 0 })
  clock.advance(1)
  expect(await server.collect('stories')).toEqual({ collected: 3, removed: 1, retired: 0 })
  expect(await documentsIn(store)).toEqual(['kept'])
  expect(await anna.pull()).toMatchObject({ collected: 3, head: 3 })
  expect(await server.collect('stories')).toEqual({ collected: 3, removed: 0, retired: 0 })
})

test('a space takes up less without its tombstones', async () => {
  const { server, store, clock, anna } = await withTombstone()
  const usage = async () => (await store.read('stories', (reader) => reader.space())).usage
  const before = await usage()
  const [gone] = await store.read('stories', (reader) => reader.tombstones(3, 1))
  await outlast(clock, anna)
  await server.collect('stories')
  const bytes = (gone?.stateBytes ?? 0) + (gone?.tailBytes ?? 0)
  expect(await usage()).toEqual({ documents: 1, bytes: before.bytes - bytes })
})

test('a document that came back is not collected', async () => {
  const { server, store, clock, anna } = await withTombstone()
  anna.create('gone', {}, { base: [{ replica: anna.replica, counter: 3 }] })
  await anna.push()
  await outlast(clock, anna)
  expect(await server.collect('stories')).toMatchObject({ removed: 0 })
  expect(await documentsIn(store)).toEqual(['kept', 'gone'])
})

test('a tombstone that somebody who may come back has not seen is kept', async () => {
  const { server, client, clock, anna } = await withTombstone()
  const ben = await client('ben')
  await catchUp(ben)
  await deleteAll(anna, 'later')
  await outlast(clock, anna)
  // Ben's answer is lost: he is there, but stands where he stood.
  await ben.pullRaw()
  expect(await server.collect('stories')).toMatchObject({ collected: 3, removed: 1 })
  await ben.pull()
  clock.advance(HOUR_MS + 1)
  await ben.pull()
  expect(await server.collect('stories')).toMatchObject({ collected: 5 })
})

test('who has only begun holds back no tombstone', async () => {
  const { server, client, clock, anna } = await withTombstone()
  await outlast(clock, anna)
  await client('visitor')
  expect(await server.collect('stories')).toMatchObject({ removed: 1 })
})

test('a revoked device holds back no tombstone', async () => {
  const { server, client, clock, anna } = await withTombstone()
  const ben = await client('ben')
  await catchUp(ben)
  await deleteAll(anna, 'later')
  await outlast(clock, anna)
  await ben.pullRaw()
  await server.revoke('stories', ben.device.id)
  expect(await server.collect('stories')).toMatchObject({ collected: 5, removed: 2, retired: 0 })
})

test('a replica that was silent for longer than the retention is retired, and holds back nothing', async () => {
  const { server, store, client, clock, anna } = await withTombstone()
  const ben = await client('ben')
  ben.create('his', {})
  await ben.push()
  await catchUp(ben)
  await deleteAll(anna, 'later')
  await outlast(clock, anna)
  expect(await server.collect('stories')).toMatchObject({ collected: 6, removed: 2, retired: 1 })
  expect(await server.collect('stories')).toMatchObject({ retired: 0 })
  const rows = await store.read('stories', (reader) => reader.allReplicas())
  expect(rows.map(({ replica, isRetired }) => [replica, isRetired])).toEqual([
    [anna.replica, false],
    [ben.replica, true],
  ])
  expect(rows[1]?.last.counter).toBe(1)
})

test('a retired replica holds back nothing, though the clock is put back to where it was there', async () => {
  const { server, store, client, clock, anna } = await withTombstone()
  const ben = await client('ben')
  await catchUp(ben)
  await outlast(clock, anna)
  expect(await server.collect('stories')).toMatchObject({ collected: 3, retired: 1 })
  clock.advance(-LIMITS.retentionMs - 6000)
  await deleteAll(anna, 'early')
  await anna.pull()
  clock.advance(LIMITS.retentionMs + 1000)
  await anna.pull()
  await server.collect('stories')
  expect(await documentsIn(store)).toEqual(['kept'])
})

test('what is told as collected is exact, though the clock has jumped', async () => {
  const { server, store, clock, anna } = await withTombstone()
  clock.advance(200 * DAY_MS)
  await deleteAll(anna, 'of-the-future')
  clock.advance(-200 * DAY_MS)
  await deleteAll(anna, 'of-today')
  await outlast(clock, anna)
  expect(await server.collect('stories')).toMatchObject({ collected: 7 })
  expect(await documentsIn(store)).toEqual(['kept'])
})

test('many tombstones go in several transactions, and each tells how far it came', async () => {
  const puts: (readonly [removed: number, collected: number])[] = []
  const store = toldStore(({ removed, collected }) => {
    if (removed.length > 0) puts.push([removed.length, collected])
  })
  const { server, client, clock } = testServer({ store })
  const anna = await client('anna')
  for (let batch = 0; batch < 5; batch++) {
    await deleteAll(anna, ...Array.from({ length: 240 }, (_, index) => `d${batch}-${index}`))
  }
  await outlast(clock, anna)
  expect(await server.collect('stories')).toMatchObject({ collected: 2400, removed: 1200 })
  expect(puts).toEqual([
    [500, 1000],
    [500, 2000],
    [200, 2400],
  ])
})

test('a space that somebody comes to is passed over by itself, once an hour', async () => {
  const { store, clock, anna } = await withTombstone()
  await outlast(clock, anna)
  await anna.pull()
  expect(await documentsIn(store)).toEqual(['kept', 'gone'])
  clock.advance(HOUR_MS)
  await anna.pull()
  await expect.poll(() => documentsIn(store)).toEqual(['kept'])
})

test('a push is answered before the pass that it begins, and closing waits for that', async () => {
  const inner = sqliteStore(':memory:')
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const happened: string[] = []
  let writes = 0
  const store: SyncStore = {
    ...inner,
    async write(space, work) {
      if (++writes === 2) {
        await gate
        happened.push('passed')
      }
      return inner.write(space, work)
    },
    async close() {
      await inner.close()
      happened.push('closed')
    },
  }
  const { server, client } = testServer({ store })
  const anna = await client('anna')
  anna.create('one', {})
  expect((await anna.push()).to).toBe(1)
  expect(writes).toBe(2)
  const closed = server.close()
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  open()
  await closed
  expect(happened).toEqual(['passed', 'closed'])
})

test('a pass that fails harms no request', async () => {
  const inner = sqliteStore(':memory:')
  let writes = 0
  const store: SyncStore = {
    ...inner,
    async write(space, work) {
      if (++writes === 2) throw new Error('no')
      return inner.write(space, work)
    },
  }
  const { client } = testServer({ store })
  const anna = await client('anna')
  anna.create('one', {})
  expect((await anna.push()).to).toBe(1)
  expect((await anna.pull()).head).toBe(1)
})
