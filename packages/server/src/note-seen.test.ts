import { type ReplicaRow, type SyncStore } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { sqliteStore } from './sqlite-store.ts'
import { START_MS } from './testing/manual-clock.ts'
import { HOUR_MS } from './testing/retention.ts'
import { refusalOf, replicaNamed } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'
import { toldStore } from './testing/told-store.ts'

const rowOf = async (store: SyncStore, name: string): Promise<ReplicaRow | undefined> =>
  store.read('stories', async (reader) => (await reader.replicas([replicaNamed(name)]))[0])

/** A store that counts what is written to it. */
function countingStore(): { readonly store: SyncStore; readonly puts: () => number } {
  let puts = 0
  const store = toldStore(() => {
    puts++
  })
  return { store, puts: () => puts }
}

test('a device that only reads is known by its first replica', async () => {
  const { client, store } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  await anna.push()
  const ben = await client('ben')
  expect(await rowOf(store, 'ben')).toEqual({
    replica: ben.replica,
    principal: 'local',
    device: ben.device,
    last: { counter: 0, check: 0 },
    seenMs: START_MS,
    since: 0,
    isRetired: false,
  })
  await ben.pull({
    acknowledged: ['ben-two', 'ben-three'].map((name) => ({ replica: replicaNamed(name), counter: 0 })),
  })
  expect(await rowOf(store, 'ben-two')).toBeDefined()
  expect(await rowOf(store, 'ben-three')).toBeUndefined()
})

test('a pull makes no space', async () => {
  const { client, store } = testServer()
  await (await client('anna')).pull()
  expect(await store.read('stories', (reader) => reader.space())).toMatchObject({ exists: false })
  expect(await rowOf(store, 'anna')).toBeUndefined()
})

test('what a replica is known to have reached follows it, without a write for each pull', async () => {
  const { store, puts } = countingStore()
  const { client, clock } = testServer({ store })
  const anna = await client('anna')
  const ben = await client('ben')
  const write = async (): Promise<void> => {
    anna.create(`d${anna.counter}`, {})
    await anna.push()
  }
  await write()
  await ben.pull()
  const before = puts()
  await ben.pull()
  expect(await rowOf(store, 'ben')).toMatchObject({ since: 1, seenMs: START_MS })
  expect(puts()).toBe(before + 1)
  await write()
  for (let n = 0; n < 5; n++) await ben.pull()
  expect(puts()).toBe(before + 2)
  expect(await rowOf(store, 'ben')).toMatchObject({ since: 1 })
  clock.advance(HOUR_MS + 1)
  await ben.pull()
  expect(await rowOf(store, 'ben')).toMatchObject({ since: 2, seenMs: START_MS + HOUR_MS + 1 })
  ben.cursor = { ...ben.cursor, since: 1 }
  await ben.pull()
  expect(await rowOf(store, 'ben')).toMatchObject({ since: 1 })
})

test('a replica that came on by more than a thousand changes is noted at once', async () => {
  const { client, store } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('one', {})
  await anna.push()
  await ben.pull()
  await ben.pull()
  for (let batch = 0; batch < 3; batch++) {
    for (let n = 0; n < 400; n++) anna.create(`d${batch}-${n}`, {})
    await anna.push()
  }
  await ben.pull({ limit: 1000 })
  await ben.pull()
  await ben.pull()
  expect(await rowOf(store, 'ben')).toMatchObject({ since: 1201 })
})

test('a replica id belongs to the principal that first pulled with it', async () => {
  const { client } = testServer({
    authenticate: (request) => ({ id: request.headers.get('authorization') ?? 'nobody' }),
  })
  const anna = await client('anna', 'stories', { authorization: 'anna' })
  anna.create('one', {})
  await anna.push()
  const ben = await client('ben', 'stories', { authorization: 'ben' })
  const thief = await client('carol', 'stories', { authorization: 'carol' })
  thief.replica = ben.replica
  expect(await refusalOf(await thief.pullRaw(), 403)).toMatchObject({ code: 'wrong_principal' })
  thief.create('two', {})
  expect(await refusalOf(await thief.pushRaw(), 403)).toMatchObject({ code: 'wrong_principal' })
})

test('a note that cannot be written is no reason not to answer', async () => {
  const inner = sqliteStore(':memory:')
  let isBroken = false
  const store: SyncStore = {
    ...inner,
    async write(space, work) {
      if (isBroken) throw new Error('no')
      return inner.write(space, work)
    },
  }
  const { client } = testServer({ store })
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('one', {})
  await anna.push()
  isBroken = true
  expect((await ben.pull()).rows).toHaveLength(1)
})
