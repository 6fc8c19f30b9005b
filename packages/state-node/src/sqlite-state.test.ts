import { readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { SyncError, isSyncError } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { stateStoreContract } from '@whisker/conformance'
import { sqliteState } from './index.ts'
import { commitOf, mint, newFolder } from './test/place.ts'

describe('in a file', () => {
  stateStoreContract(() => {
    const path = join(newFolder(), 'state.db')
    return { store: () => sqliteState(path) }
  })
})

describe('in memory', () => {
  stateStoreContract(() => {
    const store = sqliteState(':memory:')
    return { store: () => store }
  })
})

test('making a store touches no file', () => {
  const folder = newFolder()
  sqliteState(join(folder, 'state.db'))
  expect(readdirSync(folder)).toEqual([])
})

test('a closed store is one file and an empty lock file per space', async () => {
  const folder = newFolder()
  const store = sqliteState(join(folder, 'state.db'))
  for (const name of ['one', 'two']) {
    const space = await store.open(name, mint)
    await space.commit(commitOf(0, { records: [['a', 'b']] }))
    await space.close()
  }
  expect(readdirSync(folder).toSorted()).toEqual([
    'state.db',
    expect.stringMatching(/^state\.db-lock-[0-9a-f]{32}$/),
    expect.stringMatching(/^state\.db-lock-[0-9a-f]{32}$/),
  ])
})

test('a path with signs that mean something in a URL is a path', async () => {
  const folder = newFolder()
  const path = join(folder, 'a #?%20é 👋.db')
  for (let revision = 0; revision < 2; revision++) {
    const space = await sqliteState(path).open('stories', mint)
    expect((await space.load()).revision).toBe(revision)
    await space.commit(commitOf(revision))
    await space.close()
  }
})

test('two names of one file meet at the same lock', async () => {
  const folder = newFolder()
  const space = await sqliteState(join(folder, 'state.db')).open('stories', mint)
  symlinkSync(join(folder, 'state.db'), join(folder, 'other.db'))
  await expect(sqliteState(join(folder, 'other.db')).open('stories', mint)).rejects.toMatchObject({
    code: 'store_in_use',
  })
  await space.close()
})

test('what a destroyed space held is no longer in the files', async () => {
  const folder = newFolder()
  const store = sqliteState(join(folder, 'state.db'))
  const other = await store.open('other', mint)
  const space = await store.open('stories', mint)
  const secret = 'the butler did it; '
  await space.commit(
    commitOf(0, {
      documents: [
        ['c', 'd', secret.repeat(1000)],
        ['c', 'e', secret],
      ],
      outbox: [[1, secret]],
    }),
  )
  const holding = () => readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(secret))
  expect(holding()).not.toEqual([])
  await space.destroy()
  expect(holding()).toEqual([])
  await other.close()
  expect(holding()).toEqual([])
})

test('half a surrogate pair and a position that is no whole number are refused, and nothing is changed', async () => {
  const space = await sqliteState(join(newFolder(), 'state.db')).open('stories', mint)
  for (const rows of [
    { records: [['a', 'x\uD800']] },
    { documents: [['c', '\uDC00', 'x']] },
    { outbox: [[1.5, 'x']] },
    { outbox: [[2 ** 53, 'x']] },
  ] as const) {
    await expect(space.commit(commitOf(0, rows))).rejects.toMatchObject({ code: 'invalid_value' })
  }
  expect(await space.load()).toMatchObject({ revision: 0, records: [], documents: [], outbox: [] })
  await space.close()
})

test('a space name that no other store would take is refused', async () => {
  await expect(sqliteState(join(newFolder(), 'state.db')).open('../x', mint)).rejects.toMatchObject({
    code: 'invalid_id',
  })
})

test.each(['', 'a\0b', 7 as never])('%j is no path', (path) => {
  const thrown = catchFrom(() => sqliteState(path))
  expect(thrown).toMatchObject({ code: 'invalid_options', fix: expect.any(String) })
})

test('an error of the mint keeps its code', async () => {
  const open = sqliteState(join(newFolder(), 'state.db')).open('stories', () => {
    throw new SyncError('aborted', 'no')
  })
  await expect(open).rejects.toMatchObject({ code: 'aborted' })
})

test('10,000 documents are loaded in less than 50 ms', async () => {
  const space = await sqliteState(join(newFolder(), 'state.db')).open('stories', mint)
  const documents = Array.from(
    { length: 10_000 },
    (_, index) => ['stories', `story-${index}`, 'x'.repeat(400)] as const,
  )
  await space.commit(commitOf(0, { documents }))
  // The best of three: the machine may be busy with something else
  const times: number[] = []
  for (let round = 0; round < 3; round++) {
    const start = performance.now()
    expect((await space.load()).documents).toHaveLength(10_000)
    times.push(performance.now() - start)
  }
  expect(Math.min(...times)).toBeLessThan(50)
  await space.close()
})

function catchFrom(work: () => unknown): unknown {
  try {
    work()
  } catch (thrown) {
    expect(isSyncError(thrown)).toBe(true)
    return thrown
  }
  return undefined
}
