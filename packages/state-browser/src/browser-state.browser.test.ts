import type { DeviceId, SpaceStore, StoreCommit } from '@whisker/protocol'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type BrowserStateOptions, browserState } from './browser-state.ts'

const SPACE = 'stories'
const mint = (): DeviceId => 'A'.repeat(22) as DeviceId
const mintAnother = (): DeviceId => 'B'.repeat(22) as DeviceId

let count = 0
const newName = (): string => `test ${++count}`

async function openSpace(name: string): Promise<SpaceStore> {
  const space = await browserState({ name, persist: false }).open(SPACE, mint)
  onTestFinished(async () => space.close())
  return space
}

const commitOf = (revision: number, rows: Partial<StoreCommit> = {}): StoreCommit => ({
  records: [],
  documents: [],
  outbox: [],
  rejected: [],
  ...rows,
  revision,
})

const keyRange = (part: string): IDBKeyRange => IDBKeyRange.bound([mint(), SPACE, part], [mint(), SPACE, part, []])

/** Looks at the database beside the store. */
async function inDatabase<T>(name: string, ask: (rows: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await promised(indexedDB.open(`whisker ${name}`))
  const result = await promised(ask(database.transaction('rows', 'readwrite').objectStore('rows')))
  database.close()
  return result
}

const promised = async <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error as DOMException))
  })

const countOf = async (name: string, part: string): Promise<number> =>
  inDatabase(name, (rows) => rows.count(keyRange(part)))

/** So many documents with one text; the first of them gone. */
const many = (length: number, text: string, gone = 0): StoreCommit['documents'] =>
  Array.from({ length }, (_, at) => ['c', `d${at}`, at < gone ? undefined : text])

const opensAndCloses = async (options: BrowserStateOptions): Promise<void> =>
  (await browserState(options).open(SPACE, mint)).close()

/** Edits of a few documents, one commit each. */
async function edit(space: SpaceStore, from: number, to: number): Promise<void> {
  for (let revision = from; revision < to; revision++) {
    const id = `d${revision % 5}`
    await space.commit(
      commitOf(revision, {
        records: [['cursor', `${revision}`]],
        documents: [['c', id, `${revision}`]],
        outbox: [
          [revision, `o${revision}`],
          [revision - 1, undefined],
        ],
      }),
    )
  }
}

describe('a long log', () => {
  test('is folded into pages, and the space stays as it is', async () => {
    const name = newName()
    const space = await openSpace(name)
    await edit(space, 0, 700)
    await expect.poll(() => countOf(name, 'log')).toBeLessThan(640)
    expect(await countOf(name, 'page')).toBeGreaterThan(0)
    const again = await openSpace(name)
    for (const one of [space, again]) {
      const { revision, records, documents, outbox } = await one.load()
      expect([revision, records, outbox]).toEqual([700, [['cursor', '699']], [[699, 'o699']]])
      expect(new Map(documents.map(([, id, text]) => [id, text]))).toEqual(
        new Map([0, 1, 2, 3, 4].map((at) => [`d${at}`, `${695 + at}`])),
      )
    }
  })

  test('reaches back 256 commits at least, whatever was folded', async () => {
    const name = newName()
    const space = await openSpace(name)
    await edit(space, 0, 700)
    await expect.poll(() => countOf(name, 'log')).toBeLessThan(640)
    const kept = await countOf(name, 'log')
    expect(kept).toBeGreaterThanOrEqual(256)
    expect(await space.changes(700 - kept)).toMatchObject({ revision: 700, records: [['cursor', '699']] })
    expect(await space.changes(700 - kept - 1)).toBeUndefined()
  })

  test('with large commits between small ones keeps the order of all', async () => {
    const name = newName()
    const space = await openSpace(name)
    await space.commit(commitOf(0, { documents: many(300, 'first') }))
    await edit(space, 1, 100)
    await space.commit(commitOf(100, { documents: many(300, 'second') }))
    await edit(space, 101, 103)
    expect(await space.changes(100)).toMatchObject({ revision: 103 })
    expect((await space.changes(99))?.documents).toHaveLength(300)
    await edit(space, 103, 760)
    await expect.poll(() => countOf(name, 'log')).toBeLessThan(640)
    const { documents } = await (await openSpace(name)).load()
    const texts = new Map(documents.map(([, id, text]) => [id, text]))
    expect([texts.get('d0'), texts.get('d4'), texts.get('d5'), texts.size]).toEqual(['755', '759', 'second', 300])
  })
})

test('what was written over a thousand times is left out after the next load, and all else stays', async () => {
  const name = newName()
  const space = await openSpace(name)
  await space.commit(commitOf(0, { documents: many(1500, 'first'), records: [['cursor', '0']] }))
  await space.commit(commitOf(1, { documents: many(1500, 'second', 100) }))
  await space.commit(commitOf(2, { documents: many(1500, 'third', 200) }))
  await edit(space, 3, 700)
  await expect.poll(() => countOf(name, 'log')).toBeLessThan(640)
  const before = await space.load()
  await expect.poll(() => countOf(name, 'page')).toBe(2)
  const after = await (await openSpace(name)).load()
  for (const stored of [before, after]) expect(stored.documents).toHaveLength(1305)
  expect(new Map(after.documents.map(([, id, text]) => [id, text]))).toEqual(
    new Map(before.documents.map(([, id, text]) => [id, text])),
  )
})

test('an edit writes a few kilobytes, however large the space is', async () => {
  const name = newName()
  const space = await openSpace(name)
  const text = 'x'.repeat(400)
  await space.commit(commitOf(0, { documents: Array.from({ length: 5000 }, (_, at) => ['c', `d${at}`, text]) }))
  await space.commit(commitOf(1, { documents: [['c', 'd7', `${text}!`]], outbox: [[0, text]] }))
  const entry = await inDatabase(name, (rows) => rows.get([mint(), SPACE, 'log', 2]))
  expect(JSON.stringify(entry).length).toBeLessThan(2000)
  expect(await countOf(name, 'page')).toBe(1)
})

test('a commit of which nobody told, since its tab died, is noticed all the same', async () => {
  const name = newName()
  const [first, second] = [await openSpace(name), await openSpace(name)]
  await Promise.all([first.load(), second.load()])
  const silent = vi.spyOn(BroadcastChannel.prototype, 'postMessage').mockImplementation(() => undefined)
  const told = new Promise<void>((resolve) => second.watch(resolve))
  await first.commit(commitOf(0))
  silent.mockRestore()
  await told
  expect(await second.changes(0)).toMatchObject({ revision: 1 })
})

describe('a connection', () => {
  test('gives way to whoever deletes the database, and what was removed is store_damaged', async () => {
    const name = newName()
    const space = await openSpace(name)
    await space.commit(commitOf(0, { records: [['a', 'b']] }))
    await promised(indexedDB.deleteDatabase(`whisker ${name}`))
    for (const call of [async () => space.commit(commitOf(1)), async () => space.load(), async () => space.changes(0)])
      await expect(call()).rejects.toMatchObject({ code: 'store_damaged', fix: expect.any(String) })
    const again = await browserState({ name, persist: false }).open(SPACE, mintAnother)
    onTestFinished(async () => again.close())
    expect([again.device, (await again.load()).revision]).toEqual([mintAnother(), 0])
    await expect(space.commit(commitOf(0))).rejects.toMatchObject({ code: 'store_damaged' })
  })

  test('gives way to a newer version of the store, and everything is store_newer then', async () => {
    const name = newName()
    const space = await openSpace(name)
    const newer = await promised(indexedDB.open(`whisker ${name}`, 2))
    newer.close()
    await expect(space.commit(commitOf(0))).rejects.toMatchObject({ code: 'store_newer' })
    await expect(openSpace(name)).rejects.toMatchObject({ code: 'store_newer' })
  })

  test('that is refused at first is tried once more', async () => {
    const refused = vi.spyOn(indexedDB, 'open').mockImplementationOnce(() => {
      throw new DOMException('Internal error opening backing store.', 'UnknownError')
    })
    const space = await openSpace(newName())
    expect((await space.load()).revision).toBe(0)
    expect(refused).toHaveBeenCalledTimes(2)
    refused.mockRestore()
  })

  test('that is always refused is store_failed, and the next opening tries again', async () => {
    const name = newName()
    const refused = vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('Internal error opening backing store.', 'UnknownError')
    })
    await expect(openSpace(name)).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining('Internal error'),
    })
    refused.mockRestore()
    expect((await (await openSpace(name)).load()).revision).toBe(0)
  })

  test('that aborts a transaction without a reason is tried once more, then store_failed, and nothing is half written', async () => {
    const name = newName()
    const space = await openSpace(name)
    await space.commit(commitOf(0, { records: [['a', 'kept']] }))
    let aborts = 1
    const add = vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(function abort(
      this: IDBObjectStore,
      ...given
    ) {
      const request = this.put(...given)
      if (aborts-- > 0) this.transaction.abort()
      return request
    })
    await space.commit(commitOf(1, { records: [['a', 'more']] }))
    expect(await space.load()).toMatchObject({ revision: 2, records: [['a', 'more']] })
    aborts = 2
    await expect(space.commit(commitOf(2, { records: [['a', 'lost']] }))).rejects.toMatchObject({
      code: 'store_failed',
    })
    add.mockRestore()
    expect(await space.load()).toMatchObject({ revision: 2, records: [['a', 'more']] })
    await space.commit(commitOf(2))
  })
})

test('a commit that was written though the page was told otherwise has succeeded, and is not written twice', async () => {
  const name = newName()
  const space = await openSpace(name)
  const completes = vi.spyOn(IDBTransaction.prototype, 'commit').mockImplementationOnce(function lose(
    this: IDBTransaction,
  ) {
    this.addEventListener('complete', (event) => {
      event.stopImmediatePropagation()
      this.dispatchEvent(new Event('abort'))
    })
  })
  await space.commit(commitOf(0, { records: [['a', 'once']] }))
  expect(completes).toHaveBeenCalledTimes(2)
  completes.mockRestore()
  expect(await space.load()).toMatchObject({ revision: 1, records: [['a', 'once']] })
  await expect(space.commit(commitOf(0))).rejects.toMatchObject({ code: 'store_moved' })
})

describe('what is damaged', () => {
  test.each<readonly [string, (rows: IDBObjectStore) => void]>([
    ['an entry is gone', (rows) => rows.delete([mint(), SPACE, 'log', 2])],
    ['an entry is cut off', (rows) => rows.put({ by: 'x', cells: ['d', 'c'] }, [mint(), SPACE, 'log', 2])],
    ['an entry is something else', (rows) => rows.put(5, [mint(), SPACE, 'log', 2])],
    ['a page is gone', (rows) => rows.delete([mint(), SPACE, 'page', 1, 0])],
    ['a page is something else', (rows) => rows.put('x', [mint(), SPACE, 'page', 1, 0])],
    ['the revision is gone', (rows) => rows.delete([mint(), SPACE, 'head'])],
    ['the revision is another', (rows) => rows.put(7, [mint(), SPACE, 'head'])],
    ['the revision is a text', (rows) => rows.put('x', [mint(), SPACE, 'head'])],
  ])('is not opened as if it were the whole: %s', async (_, damage) => {
    const name = newName()
    const space = await openSpace(name)
    await space.commit(commitOf(0, { documents: many(300, 'first') }))
    await space.commit(commitOf(1, { documents: many(1, 'second') }))
    await space.commit(commitOf(2, { documents: many(1, 'third') }))
    await inDatabase(name, (rows) => {
      damage(rows)
      return rows.count()
    })
    await expect(space.load()).rejects.toMatchObject({ code: 'store_damaged', fix: expect.any(String) })
  })
})

describe('an opening', () => {
  test('that finds the mark of a store and not the store says that it was evicted', async () => {
    const name = newName()
    const first = browserState({ name, persist: false })
    await (await first.open(SPACE, mint)).close()
    expect(first.wasEvicted).toBe(false)
    await promised(indexedDB.deleteDatabase(`whisker ${name}`))
    const second = browserState({ name, persist: false })
    const space = await second.open(SPACE, mintAnother)
    onTestFinished(async () => space.close())
    expect([second.wasEvicted, space.device]).toEqual([true, mintAnother()])
  })

  test('asks the browser to keep what is stored, unless it was told not to', async () => {
    const asked = vi.spyOn(navigator.storage, 'persist')
    await opensAndCloses({ name: newName(), persist: false })
    expect(asked).not.toHaveBeenCalled()
    await opensAndCloses({ name: newName() })
    expect(asked).toHaveBeenCalledOnce()
    asked.mockRestore()
  })

  test('tells how much room there is', async () => {
    const state = browserState({ name: newName() })
    const { usage, quota, isPersistent } = await state.estimate()
    expect([usage >= 0, quota > 1_000_000, typeof isPersistent]).toEqual([true, true, 'boolean'])
  })

  test.each([
    undefined,
    {},
    { name: '' },
    { name: 5 },
    { name: '\ud800' },
    { name: 'a', persist: 'yes' },
    { name: 'a', size: 5 },
  ])('with %o is invalid_options', (options) => {
    expect(() => browserState(options as BrowserStateOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_options', fix: expect.any(String) }),
    )
  })
})
