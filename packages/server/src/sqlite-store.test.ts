import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { type SpaceChanges, type SyncStore, isSyncError, mintEpochId } from '@whisker/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { GroupCommit } from './group-commit.ts'
import { sqliteStore } from './sqlite-store.ts'
import { seededRandom } from './testing/manual-clock.ts'
import { startProcess } from './testing/processes.ts'
import { replicaNamed } from './testing/test-client.ts'
import { temporaryFolder, testServer } from './testing/test-server.ts'

const NOTHING: SpaceChanges = {
  head: 0,
  highestTime: 0,
  collected: 0,
  usage: { documents: 0, bytes: 0 },
  digest: { documents: 0, hash: 0 },
  strategies: [],
  replicas: [],
  documents: [],
  removed: [],
  revoked: [],
}

async function openStore(path: string = join(temporaryFolder(), 'sync.db')): Promise<SyncStore> {
  const store = sqliteStore(path)
  onTestFinished(async () => store.close())
  await store.begin(mintEpochId(seededRandom(1)))
  return store
}

test.for(['file', 'memory'])('a write that throws takes nothing of the others with it (%s)', async (kind) => {
  const store = await openStore(kind === 'memory' ? ':memory:' : undefined)
  const results = await Promise.allSettled(
    ['one', 'two', 'three'].map(async (space) =>
      store.write(space, async (transaction) => {
        await transaction.put({ ...NOTHING, head: 7 })
        if (space === 'two') throw new Error('no')
        return space
      }),
    ),
  )
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  for (const [space, exists] of [
    ['one', true],
    ['two', false],
    ['three', true],
  ] as const) {
    expect((await store.read(space, (reader) => reader.space())).exists).toBe(exists)
  }
})

test('a read sees one moment, whatever is written meanwhile', async () => {
  const store = await openStore()
  await store.write('s', (transaction) => transaction.put({ ...NOTHING, head: 1 }))
  const heads = await store.read('s', async (reader) => {
    const before = (await reader.space()).head
    const written = store.write('s', (transaction) => transaction.put({ ...NOTHING, head: 2 }))
    await written
    return [before, (await reader.space()).head]
  })
  expect(heads).toEqual([1, 1])
  expect((await store.read('s', (reader) => reader.space())).head).toBe(2)
})

test('writes that arrive together share a commit', async () => {
  const database = new DatabaseSync(':memory:')
  let commits = 0
  const exec = database.exec.bind(database)
  database.exec = (sql) => {
    if (sql === 'COMMIT') commits++
    exec(sql)
  }
  const group = new GroupCommit(database)
  await Promise.all(Array.from({ length: 20 }, async () => group.run(async () => 1)))
  expect(commits).toBe(1)
  await group.close()
  database.close()
})

test('a commit waits for the turn that the store was given, and takes along what arrives meanwhile', async () => {
  const turns: (() => void)[] = []
  const store = sqliteStore(':memory:', { turn: () => new Promise((resolve) => turns.push(resolve)) })
  const done: string[] = []
  const write = (name: string) => store.write(name, async () => undefined).then(() => done.push(name))
  const writing = [write('first'), write('second')]
  await nextTurn()
  expect([turns.length, done]).toEqual([1, []])
  turns.shift()?.()
  await Promise.all(writing)
  expect([turns.length, done]).toEqual([0, ['first', 'second']])
  await store.close()
})

test('a full disk is told as such, and what was there stays', async () => {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE t (x TEXT); INSERT INTO t VALUES (1); PRAGMA max_page_count = 20')
  const insert = database.prepare('INSERT INTO t VALUES (?)')
  const group = new GroupCommit(database)
  const results = await Promise.allSettled([
    group.run(async () => insert.run('small').changes),
    group.run(async () => insert.run('x'.repeat(1_000_000)).changes),
  ])
  expect(
    results.map((result) => result.status === 'rejected' && isSyncError(result.reason) && result.reason.code),
  ).toEqual(['disk_full', 'disk_full'])
  expect(await group.run(async () => insert.run('again').changes)).toBe(1)
  expect(database.prepare('SELECT x FROM t').all()).toHaveLength(2)
  await group.close()
  database.close()
})

test('ids that differ only in case, or in their bytes, are different', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  for (const name of ['Dragon', 'dragon', 'DRAGON', 'dragon.', 'dragon_']) anna.create(name, { name })
  await anna.push()
  expect((await ben.pull()).rows.map((row) => row.document)).toEqual([
    'Dragon',
    'dragon',
    'DRAGON',
    'dragon.',
    'dragon_',
  ])
})

test('a closed store refuses, and closing twice is no harm', async () => {
  const store = await openStore()
  await Promise.all([store.close(), store.close()])
  await expect(store.read('s', (reader) => reader.space())).rejects.toMatchObject({ code: 'closed' })
  await expect(store.write('s', (transaction) => transaction.space())).rejects.toMatchObject({ code: 'closed' })
})

test('a replica that only reads is noted as still there, once an hour', async () => {
  const { client, store, clock } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  await anna.push()
  const seen = async () => (await store.read('stories', (reader) => reader.replicas([anna.replica])))[0]
  const first = (await seen())?.seenMs ?? 0
  clock.advance(3_600_000)
  await anna.pull()
  expect((await seen())?.seenMs).toBe(first)
  clock.advance(1)
  await anna.pull()
  expect(await seen()).toMatchObject({ seenMs: first + 3_600_001, since: 1, principal: 'local', last: { counter: 1 } })
})

test('what was acknowledged before the process was killed is there when the file is opened again', async () => {
  const path = join(temporaryFolder(), 'sync.db')
  for (const [round, name] of ['one', 'two', 'three'].entries()) {
    const { child, ended } = await startProcess('writing-process.ts', path, name)
    let acknowledged = 0
    child.stdout?.on('data', (data) => {
      acknowledged = Math.max(acknowledged, ...String(data).trim().split('\n').map(Number))
    })
    await delay(150 + round * 70)
    child.kill('SIGKILL')
    expect(await ended).toBe('SIGKILL')
    const store = sqliteStore(path)
    const { row, head, stored } = await store.read('stories', async (reader) => ({
      row: (await reader.replicas([replicaNamed(name)]))[0],
      head: (await reader.space()).head,
      stored: (await reader.changedAfter(0, 1_000_000)).filter(({ version }) =>
        version.some((dot) => dot.replica === replicaNamed(name)),
      ),
    }))
    await store.close()
    expect(acknowledged).toBeGreaterThan(0)
    expect(row?.last.counter).toBeGreaterThanOrEqual(acknowledged)
    // Whole pushes or nothing of them.
    expect((row?.last.counter ?? 0) % 3).toBe(0)
    expect(head).toBeGreaterThanOrEqual(stored.length)
  }
})
