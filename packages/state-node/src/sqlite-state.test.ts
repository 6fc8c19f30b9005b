import { readFileSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { SyncError, isSyncError } from '@whisker/protocol'
import { describe, expect, test, vi } from 'vitest'
import { stateStoreContract } from '@whisker/conformance'
import { sqliteState } from './index.ts'
import { commitOf, mint, newFolder } from './testing/place.ts'

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

test('a closed store is one file and the empty lock files of each space that was opened', async () => {
  const folder = newFolder()
  const store = sqliteState(join(folder, 'state.db'))
  for (const name of ['one', 'two']) {
    const space = await store.open(name, mint)
    const second = await store.open(name, mint)
    await space.commit(commitOf(0, { records: [['a', 'b']] }))
    await second.lead()
    await second.close()
    await space.close()
  }
  const locks = readdirSync(folder).filter((name) => name !== 'state.db')
  expect(locks.map((name) => name.replace(/^state\.db-lock-[0-9a-f]{32}/, '')).toSorted()).toEqual([
    '.0',
    '.0',
    '.1',
    '.1',
    '.lead',
    '.lead',
  ])
  expect(locks.map((name) => statSync(join(folder, name)).size)).toEqual(locks.map(() => 0))
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

test('two names of one file meet at the same locks', async () => {
  const folder = newFolder()
  const space = await sqliteState(join(folder, 'state.db')).open('stories', mint)
  symlinkSync(join(folder, 'state.db'), join(folder, 'other.db'))
  const other = await sqliteState(join(folder, 'other.db')).open('stories', mint)
  expect([space.slot, other.slot]).toEqual([0, 1])
  expect([await space.lead(), await other.lead()]).toEqual([true, false])
  await other.close()
  await space.close()
})

test('a watch that looks at the file does not take its own commits for those of others', async () => {
  const path = join(newFolder(), 'state.db')
  const [space, other] = [await sqliteState(path).open('stories', mint), await sqliteState(path).open('stories', mint)]
  const heard: number[] = []
  space.watch(() => void space.load().then(({ revision }) => heard.push(revision)))
  await space.commit(commitOf(0))
  // Several looks
  await setTimeout(400)
  expect(heard).toEqual([])
  await other.commit(commitOf(1))
  await vi.waitFor(() => expect(heard).toEqual([2]), { timeout: 10_000 })
  await space.close()
  await other.close()
})

test('two stores over one file in one process tell each other at once', async () => {
  const path = join(newFolder(), 'state.db')
  const [space, other] = [await sqliteState(path).open('stories', mint), await sqliteState(path).open('stories', mint)]
  let calls = 0
  other.watch(() => calls++)
  await space.commit(commitOf(0))
  await setImmediate()
  expect(calls).toBe(1)
  await space.close()
  await other.close()
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

function catchFrom(work: () => unknown): unknown {
  try {
    work()
  } catch (thrown) {
    expect(isSyncError(thrown)).toBe(true)
    return thrown
  }
  return undefined
}
