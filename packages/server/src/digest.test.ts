import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import {
  type Digest,
  EMPTY_DIGEST,
  SyncError,
  type SpaceRecord,
  type SyncStore,
  changeDigest,
  documentHash,
} from '@whisker/protocol'
import { expect, test } from 'vitest'
import { sqliteStore } from './sqlite-store.ts'
import { manualClock, seededRandom } from './testing/manual-clock.ts'
import { outlast } from './testing/retention.ts'
import { refusalOf, replicaNamed } from './testing/test-client.ts'
import { toldStore } from './testing/told-store.ts'
import { type TestServer, temporaryFolder, testServer } from './testing/test-server.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 3_600_000

/** Worked out of the rows themselves. */
const digestOfRows = async (store: SyncStore): Promise<Digest> =>
  store.read('stories', async (reader) =>
    (await reader.changedAfter(0, 10_000))
      .filter(({ tombstoneMs }) => tombstoneMs === undefined)
      .reduce(
        (digest, row) => changeDigest(digest, undefined, documentHash(row.collection, row.document, row.version)),
        EMPTY_DIGEST,
      ),
  )

const figuresOf = async (store: SyncStore): Promise<Pick<SpaceRecord, 'usage' | 'digest'>> =>
  store.read('stories', async (reader) => {
    const { usage, digest } = await reader.space()
    return { usage, digest }
  })

/** What is on record when a pass that may have begun is over. */
async function afterPass(store: SyncStore): Promise<Pick<SpaceRecord, 'usage' | 'digest'>> {
  for (let turns = 0; turns < 20; turns++) await turn()
  return figuresOf(store)
}

/** Writes three documents into a file, and loses one of them while no server runs. */
async function withLostRow(): Promise<TestServer> {
  const path = join(temporaryFolder(), 'sync.db')
  const clock = manualClock()
  const { server, client } = testServer({ store: sqliteStore(path), clock })
  const anna = await client('anna')
  for (const name of ['one', 'two', 'three']) anna.create(name, { name })
  await anna.push()
  await server.close()
  const database = new DatabaseSync(path)
  database.exec(`DELETE FROM document_state WHERE document = (SELECT id FROM document WHERE document = 'two');
    DELETE FROM document WHERE document = 'two'`)
  database.close()
  return testServer({ store: sqliteStore(path), clock })
}

test('the digest is that of the rows which are no tombstones, whatever is pushed', async () => {
  const { client, store } = testServer()
  const anna = await client('anna')
  const chance = seededRandom(11)
  const last = new Map<string, number>()
  for (let round = 1; round <= 60; round++) {
    for (let n = 0; n < 8; n++) {
      const document = `d${Math.floor(chance.fraction() * 12)}`
      const known = last.get(document)
      const base = known === undefined ? [] : [{ replica: anna.replica, counter: known }]
      if (known === undefined || chance.fraction() < 0.2) anna.create(document, { text: 'x'.repeat(400) }, { base })
      else if (chance.fraction() < 0.3) anna.delete(document, { base })
      else anna.update(document, 'text', 'y'.repeat(300), { base })
      last.set(document, anna.counter)
    }
    const version = [{ replica: replicaNamed('elsewhere'), counter: round }]
    const write = { dot: version[0]!, time: 1, base: [], keep: [], root: 'content' as const, path: [], value: {} }
    const offer = { collection: 'chapters', document: `o${round % 3}`, state: { version, writes: [write] } }
    await anna.push(round % 5 === 0 ? [offer] : [])
    const { digest } = await figuresOf(store)
    expect(digest, `round ${round}`).toEqual(await digestOfRows(store))
    expect(digest.documents).toBeGreaterThan(0)
  }
})

test('collecting tombstones leaves the digest as it is', async () => {
  const { server, client, store, clock } = testServer()
  const anna = await client('anna')
  anna.create('kept', {})
  anna.create('gone', {})
  anna.delete('gone')
  await anna.push()
  await anna.pull()
  await anna.pull()
  const before = await figuresOf(store)
  await outlast(clock, anna)
  expect(await server.collect('stories')).toMatchObject({ removed: 1 })
  expect(await figuresOf(store)).toMatchObject({ usage: { documents: 1 }, digest: before.digest })
  expect(before.digest.documents).toBe(1)
})

test('the last page of a scan carries the digest as of its head, and no other page', async () => {
  const { client, store } = testServer()
  const [anna, ben] = [await client('anna'), await client('ben')]
  for (const name of ['one', 'two', 'three']) anna.create(name, {})
  await anna.push()
  const first = await ben.pull({ limit: 2 })
  expect([first.more, first.digest]).toEqual([true, undefined])
  const { digest } = await figuresOf(store)
  expect(await ben.pull({ limit: 2 })).toMatchObject({ more: false, head: 3, digest })
  expect(await ben.pull()).toMatchObject({ rows: [], digest })
})

test('a space that is not there yet has the digest of nothing', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  expect(await anna.pull({ recount: true })).toMatchObject({ head: 0, digest: EMPTY_DIGEST })
})

/** Makes the record wrong while the server runs. */
async function spoilRecord(store: SyncStore, figures: Partial<SpaceRecord>): Promise<void> {
  await store.write('stories', async (transaction) => {
    const record = await transaction.space()
    const nothing = { strategies: [], replicas: [], documents: [], removed: [], revoked: [] }
    await transaction.put({ ...record, ...nothing, ...figures })
  })
}

test('a pull that asks for it is told the digest of the rows that are there, and the record is set right', async () => {
  const { client, store } = testServer()
  const anna = await client('anna')
  for (const name of ['one', 'two']) anna.create(name, {})
  await anna.push()
  const right = await figuresOf(store)
  await spoilRecord(store, { usage: { documents: 9, bytes: 9 }, digest: { documents: 7, hash: 7 } })
  expect((await anna.pull()).digest).toEqual({ documents: 7, hash: 7 })
  expect(await anna.pull({ recount: true })).toMatchObject({ rows: [], head: 2, digest: right.digest })
  expect(await figuresOf(store)).toEqual(right)
})

test('a space is counted when asked at most once a minute', async () => {
  const { client, store, clock } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  await anna.push()
  const right = await digestOfRows(store)
  const digest = { documents: 7, hash: 7 }
  await spoilRecord(store, { digest })
  expect((await anna.pull({ recount: true })).digest).toEqual(right)
  await spoilRecord(store, { digest })
  clock.advance(MINUTE_MS)
  expect((await anna.pull({ recount: true })).digest).toEqual(digest)
  clock.advance(1)
  expect((await anna.pull({ recount: true })).digest).toEqual(right)
})

test('nothing is counted for somebody who is refused', async () => {
  const { server, client, store } = testServer()
  const [anna, ben] = [await client('anna'), await client('ben')]
  anna.create('one', {})
  await anna.push()
  ben.create('two', {})
  await ben.push()
  await server.revoke('stories', ben.device.id)
  const digest = { documents: 7, hash: 7 }
  await spoilRecord(store, { digest })
  expect(await refusalOf(await ben.pullRaw({ recount: true }), 403)).toMatchObject({ code: 'forbidden' })
  expect((await figuresOf(store)).digest).toEqual(digest)
})

test('a row that is gone from the disk is noticed by itself, with the first request after a start and then once a day', async () => {
  const { client, store, clock } = await withLostRow()
  const right = await digestOfRows(store)
  const ben = await client('ben')
  expect(await afterPass(store)).toMatchObject({ usage: { documents: 2 }, digest: right })
  const digest = { documents: 7, hash: 7 }
  await spoilRecord(store, { digest })
  clock.advance(DAY_MS)
  await ben.pull()
  expect(await afterPass(store)).toMatchObject({ digest })
  clock.advance(3_600_001)
  await ben.pull()
  expect(await afterPass(store)).toMatchObject({ digest: right })
})

test('a count that fails is made when it is next asked for, and by itself with the next pass', async () => {
  let isFull = false
  const store = toldStore(() => {
    if (isFull) throw new SyncError('disk_full', 'The disk is full.')
  })
  const { client, clock } = testServer({ store })
  const anna = await client('anna')
  anna.create('one', {})
  await anna.push()
  const right = await digestOfRows(store)
  const digest = { documents: 7, hash: 7 }
  await spoilRecord(store, { digest })
  isFull = true
  clock.advance(2 * DAY_MS)
  expect(await refusalOf(await anna.pullRaw({ recount: true }), 507)).toMatchObject({ code: 'disk_full' })
  await anna.pull()
  expect(await afterPass(store)).toMatchObject({ digest })
  isFull = false
  expect((await anna.pull({ recount: true })).digest).toEqual(right)
  await spoilRecord(store, { digest })
  clock.advance(3_600_001)
  await anna.pull()
  expect(await afterPass(store)).toMatchObject({ digest: right })
})
