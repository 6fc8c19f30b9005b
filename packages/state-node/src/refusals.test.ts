import {
  copyFileSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import * as sqlite from 'node:sqlite'
import { isSyncError } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { connect } from './connection.ts'
import { sqliteState } from './index.ts'
import { takeSeat } from './seat.ts'
import { type Place, openSpace } from './sqlite-space.ts'
import { sqliteStateOn } from './sqlite-state.ts'
import { commitOf, fingerprint, mint, newFolder } from './testing/place.ts'

/** Opens, and tells the code of the refusal; not one file may be touched, made or left behind by it. */
async function refusalIn(folder: string, path: string = join(folder, 'state.db')): Promise<unknown> {
  const before = fingerprint(folder)
  const thrown: unknown = await sqliteState(path)
    .open('stories', mint)
    .catch((error: unknown) => error)
  expect(fingerprint(folder)).toEqual(before)
  expect(thrown).toMatchObject({ message: expect.stringContaining(path), fix: expect.any(String) })
  return isSyncError(thrown) ? thrown.code : thrown
}

/** A folder with a sound store in `state.db`, closed, and no lock files beside it, as if it were copied there. */
async function folderWithStore(textBytes = 400): Promise<string> {
  const made = join(newFolder(), 'state.db')
  const space = await sqliteState(made).open('stories', mint)
  const documents = Array.from(
    { length: 200 },
    (_, index) => ['c', `d${index}`, `${index}`.padEnd(textBytes, '.')] as const,
  )
  await space.commit(commitOf(0, { documents }))
  await space.close()
  const folder = newFolder()
  copyFileSync(made, join(folder, 'state.db'))
  return folder
}

/** A place around a connection that the test holds too. */
function placeOf(database: sqlite.DatabaseSync, path: string): Place {
  const seat = takeSeat(sqlite, path, 'stories')
  return {
    database,
    path,
    seat,
    neighbours: new Set(),
    release() {
      database.close()
      seat.leave()
    },
  }
}

function overwrite(path: string, position: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, position)
  closeSync(file)
}

function inDatabase(path: string, sql: string): void {
  const database = new sqlite.DatabaseSync(path)
  database.exec(sql)
  database.close()
}

const garbage = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 151 + 89) % 256)

describe('a file that is refused is left as it is', () => {
  test('a store of a newer schema is store_newer', async () => {
    const folder = await folderWithStore()
    inDatabase(join(folder, 'state.db'), 'PRAGMA user_version = 2')
    expect(await refusalIn(folder)).toBe('store_newer')
  })

  test('a newer store whose process died with its log unmerged keeps both file and log', async () => {
    const made = join(newFolder(), 'state.db')
    const space = await sqliteState(made).open('stories', mint)
    const database = new sqlite.DatabaseSync(made)
    database.exec('PRAGMA user_version = 2')
    const folder = newFolder()
    for (const end of ['', '-wal']) copyFileSync(made + end, join(folder, `state.db${end}`))
    database.close()
    await space.close()
    const files = () => fingerprint(folder).filter((line) => !line.startsWith('state.db-shm'))
    const before = files()
    await expect(sqliteState(join(folder, 'state.db')).open('stories', mint)).rejects.toMatchObject({
      code: 'store_newer',
    })
    expect(files()).toEqual(before)
    expect(before).toHaveLength(2)
  })

  test('a SQLite database of another program is store_foreign', async () => {
    const folder = newFolder()
    inDatabase(join(folder, 'state.db'), 'CREATE TABLE photos (name TEXT)')
    expect(await refusalIn(folder)).toBe('store_foreign')
  })

  test('a database of another program in WAL mode is store_foreign', async () => {
    const folder = newFolder()
    inDatabase(
      join(folder, 'state.db'),
      'PRAGMA journal_mode = WAL; PRAGMA application_id = 7; CREATE TABLE photos (name TEXT)',
    )
    expect(await refusalIn(folder)).toBe('store_foreign')
  })

  test("a server's database is store_foreign, and is called what it is", async () => {
    const folder = newFolder()
    const path = join(folder, 'state.db')
    inDatabase(
      path,
      'PRAGMA journal_mode = WAL; PRAGMA application_id = 0x57685376; PRAGMA user_version = 1; CREATE TABLE space (id)',
    )
    expect(await refusalIn(folder)).toBe('store_foreign')
    await expect(sqliteState(path).open('stories', mint)).rejects.toMatchObject({
      message: `Expected a Whisker Sync store, or no file at all, at ${path}; found a server's database of Whisker Sync.`,
    })
    expect(readdirSync(folder)).toEqual(['state.db'])
  })

  test.each([
    ['a text', Buffer.from('Dear diary, '.repeat(500))],
    ['a short text', Buffer.from('hi')],
    ['bytes', garbage(10_000)],
  ])('what is no database is store_foreign: %s', async (_, bytes) => {
    const folder = newFolder()
    writeFileSync(join(folder, 'state.db'), bytes)
    expect(await refusalIn(folder)).toBe('store_foreign')
  })

  test.each([
    ['its first bytes overwritten', (path: string) => overwrite(path, 0, garbage(60))],
    ['its header wiped', (path: string) => overwrite(path, 0, new Uint8Array(4096))],
    ['its first page size impossible', (path: string) => overwrite(path, 16, Uint8Array.of(3, 3))],
    ['half of it cut off', (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2))],
    ['all but a page cut off', (path: string) => truncateSync(path, 4096)],
    ['all but some bytes cut off', (path: string) => truncateSync(path, 300)],
    ['all but fewer bytes cut off', (path: string) => truncateSync(path, 50)],
    ['pages in its middle overwritten', (path: string) => overwrite(path, 4096 * 8, garbage(4096 * 4))],
    ['pages in its middle wiped', (path: string) => overwrite(path, 4096 * 8, new Uint8Array(4096 * 4))],
    ['its last page overwritten', (path: string) => overwrite(path, statSync(path).size - 4096, garbage(4096))],
  ])('a store with %s is store_damaged', async (_, harm) => {
    const folder = await folderWithStore()
    harm(join(folder, 'state.db'))
    expect(await refusalIn(folder)).toBe('store_damaged')
  })

  test('a store overwritten from its start is store_damaged where it was used', async () => {
    const folder = newFolder()
    const path = join(folder, 'state.db')
    await (await sqliteState(path).open('stories', mint)).close()
    overwrite(path, 0, garbage(4096))
    expect(await refusalIn(folder)).toBe('store_damaged')
  })

  test('a folder, a file where a folder should be, and a missing folder are store_failed', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, 'state.db'))
    const open = sqliteState(join(folder, 'state.db')).open('stories', mint)
    await expect(open).rejects.toMatchObject({ code: 'store_failed', fix: expect.any(String) })
    const plain = newFolder()
    writeFileSync(join(plain, 'file'), 'x')
    expect(await refusalIn(plain, join(plain, 'file', 'state.db'))).toBe('store_failed')
    expect(await refusalIn(plain, join(plain, 'missing', 'state.db'))).toBe('store_failed')
  })
})

test('an empty file becomes a store', async () => {
  const path = join(newFolder(), 'state.db')
  writeFileSync(path, '')
  const space = await sqliteState(path).open('stories', mint)
  await space.commit(commitOf(0))
  await space.close()
  expect(readFileSync(path).subarray(68, 72).toString()).toBe('WhSy')
})

test('damage in a store too large to be checked at opening is store_damaged when it is met', async () => {
  const folder = await folderWithStore(100_000)
  const path = join(folder, 'state.db')
  expect(statSync(path).size).toBeGreaterThan(16 * 1024 * 1024)
  for (let page = 20; page < 200; page++) overwrite(path, page * 4096, garbage(4096))
  const space = await sqliteState(path).open('stories', mint)
  await expect(space.load()).rejects.toMatchObject({ code: 'store_damaged', cause: expect.anything() })
  await space.close()
})

test('a full disk is disk_full and changes nothing', async () => {
  const path = join(newFolder(), 'state.db')
  const database = await connect(sqlite, path)
  const space = openSpace(placeOf(database, path), 'stories', mint)
  await space.commit(commitOf(0, { records: [['a', 'kept']] }))
  database.exec('PRAGMA max_page_count = 1')
  const large = commitOf(1, { records: [['a', 'lost']], documents: [['c', 'd', 'x'.repeat(1_000_000)]] })
  await expect(space.commit(large)).rejects.toMatchObject({ code: 'disk_full', fix: expect.any(String) })
  expect(await space.load()).toMatchObject({ revision: 1, records: [['a', 'kept']], documents: [] })
  database.exec('PRAGMA max_page_count = 1000000')
  await space.commit(large)
  expect(await space.load()).toMatchObject({ revision: 2, records: [['a', 'lost']] })
  await space.close()
})

test('a commit that fails in its middle changes nothing', async () => {
  const path = join(newFolder(), 'state.db')
  const database = await connect(sqlite, path)
  const space = openSpace(placeOf(database, path), 'stories', mint)
  await space.commit(commitOf(0, { records: [['a', 'kept']] }))
  database.exec(`CREATE TEMP TRIGGER failing BEFORE INSERT ON main.rejected BEGIN SELECT RAISE(ABORT, 'no'); END`)
  const failing = commitOf(1, { records: [['a', 'lost']], outbox: [[1, 'lost']], rejected: [['x', 'y']] })
  await expect(space.commit(failing)).rejects.toMatchObject({ code: 'store_failed' })
  expect(await space.load()).toMatchObject({ revision: 1, records: [['a', 'kept']], outbox: [], rejected: [] })
  await space.commit(commitOf(1))
  await space.close()
})

describe('what is too old to be safe is sqlite_unsafe, before any file is touched', () => {
  test.each([
    { node: '20.19.0' },
    { node: '22.23.3' },
    { node: '24.14.9' },
    { node: '24.15.0', sqlite: '3.51.2' },
    { node: '26.1.0', sqlite: '3.9.0' },
  ])('%o', async (runtime) => {
    const folder = newFolder()
    const open = sqliteStateOn(join(folder, 'state.db'), runtime).open('stories', mint)
    await expect(open).rejects.toMatchObject({ code: 'sqlite_unsafe', fix: expect.stringContaining('24.15') })
    expect(fingerprint(folder)).toEqual([])
  })

  test.each([{ node: '24.15.0' }, { node: '26.0.0', sqlite: '3.51.3' }, { node: '24.20.1', sqlite: '4.0.0' }])(
    'and not %o',
    async (runtime) => {
      const space = await sqliteStateOn(':memory:', runtime).open('stories', mint)
      expect((await space.load()).revision).toBe(0)
      await space.close()
    },
  )
})
