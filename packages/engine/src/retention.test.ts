import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SyncError } from '@whisker/protocol'
import { sqliteStore } from '@whisker/server'
import { expect, test } from 'vitest'
import { type Device, World, meet } from './testing/world.ts'

const DAY_MS = 24 * 3_600_000
const AWAY_MS = 91 * DAY_MS

/** Lets the retention pass, while the devices that are not away sync now and then, and collects. */
async function passRetention(world: World, ...present: readonly Device[]): Promise<void> {
  for (let days = 0; days < 92; days += 23) {
    world.clock.advance(23 * DAY_MS)
    for (const device of present) await device.sync()
  }
  await world.server.collect('shared')
}

const idsOf = ({ notes }: Device): readonly string[] => notes.list().map(({ id }) => id)

/** How many documents the store of a device holds, deleted ones among them. */
async function storedBy(device: Device): Promise<number> {
  await device.engine.close()
  const store = await device.state.open('shared', () => {
    throw new Error('The store is new.')
  })
  const { documents } = await store.load()
  await store.close()
  return documents.length
}

test('a deleted document is gone from every store once the retention is over', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  for (const id of ['kept', 'gone']) await a.notes.create(id, { title: id })
  await meet(a, b)
  await a.notes.delete('gone')
  await meet(a, b)
  await passRetention(world, a, b)
  await meet(a, b)
  expect([idsOf(a), idsOf(b)]).toEqual([['kept'], ['kept']])
  expect([await storedBy(a), await storedBy(b)]).toEqual([1, 1])
})

test('a document that was deleted and made again is not taken for a deleted one', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await a.notes.create('n', { title: 'first' })
  await meet(a, b)
  await a.notes.delete('n')
  await meet(a, b)
  await passRetention(world, a)
  await b.notes.create('n', { title: 'second' })
  await meet(a, b)
  expect([a.notes.get('n'), b.notes.get('n')]).toEqual([{ title: 'second' }, { title: 'second' }])
})

test('a device that was away for longer loses what was deleted meanwhile, and nothing else', async () => {
  const world = new World()
  const [a, b] = await world.pair({ limits: { pageRows: 2 } })
  for (const id of ['one', 'two', 'three', 'four', 'gone', 'lost']) await a.notes.create(id, { title: id })
  await meet(a, b)
  await a.notes.delete('gone')
  await a.notes.delete('lost')
  await a.notes.update('two', { title: 'changed' })
  await meet(a)
  await passRetention(world, a)
  await a.notes.create('five', { title: 'five' })
  await a.sync()
  await b.sync()
  expect(idsOf(b)).toEqual(idsOf(a))
  expect(b.notes.list()).toEqual(a.notes.list())
  expect(await storedBy(b)).toBe(5)
})

test('what it wrote while it was away is taken, or kept whole where the document is gone', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  for (const id of ['kept', 'gone']) await a.notes.create(id, { title: id, body: 'long' })
  await meet(a, b)
  await b.notes.update('kept', { title: 'edited offline' })
  await b.notes.update('gone', { title: 'edited offline' })
  await b.notes.create('new', { title: 'made offline' })
  await a.notes.delete('gone')
  await a.notes.update('kept', { body: 'edited at home' })
  await a.sync()
  await passRetention(world, a)
  await meet(b, a)
  expect(a.notes.get('kept')).toEqual({ title: 'edited offline', body: 'edited at home' })
  expect(a.notes.get('new')).toEqual({ title: 'made offline' })
  expect([a.notes.has('gone'), b.notes.has('gone')]).toEqual([false, false])
  expect(b.engine.rejected.list()).toMatchObject([
    { reason: { code: 'document_not_found' }, operation: { document: 'gone', delta: [{ value: 'edited offline' }] } },
  ])
  expect(b.notes.list()).toEqual(a.notes.list())
})

test('a device that comes back after that takes another id, and its writes are nobody else’s', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await b.notes.create('n', { title: 'B' })
  await meet(a, b)
  await passRetention(world, a)
  await b.notes.update('n', { title: 'B again' })
  await meet(b, a)
  expect([a.notes.get('n'), a.notes.conflicts()]).toEqual([{ title: 'B again' }, []])
  const writers = new Set(b.link.pushes.flatMap(({ replicas }) => replicas.map(({ replica }) => replica)))
  expect(writers.size).toBeGreaterThan(1)
  expect(b.engine.status).toMatchObject({ pending: 0, rejected: 0 })
})

test('a scan from the start that breaks off goes on where it was, and takes nothing away before its end', async () => {
  const world = new World()
  const [a, b] = await world.pair({ limits: { pageRows: 2 } })
  for (let index = 0; index < 10; index++) await a.notes.create(`n${index}`, { title: 'n' })
  await meet(a, b)
  await a.notes.delete('n3')
  await a.sync()
  await passRetention(world, a)
  let pages = 0
  b.link.refuse = (kind) => (kind === 'pull' && ++pages > 3 ? new SyncError('network', 'Gone.') : undefined)
  await b.engine.syncNow()
  expect(idsOf(b)).toHaveLength(10)
  const again = await b.reopen()
  expect(idsOf(again)).toHaveLength(10)
  await again.sync()
  expect(idsOf(again)).toEqual(idsOf(a))
})

test('a server that was restored and a device that was away too long together lose nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'retention-'))
  try {
    const [file, backup] = [join(folder, 'sync.db'), join(folder, 'backup.db')]
    const world = new World({ store: sqliteStore(file) })
    const [a, b] = await world.pair()
    await a.notes.create('old', { title: 'old' })
    await meet(a, b)
    await world.server.close()
    copyFileSync(file, backup)
    world.restart(sqliteStore(file))
    await a.notes.create('after', { title: 'only on the devices' })
    await meet(a, b)
    await world.server.close()
    world.restart(sqliteStore(backup))
    const c = await world.device()
    await c.notes.create('gone', { title: 'gone' })
    await c.sync()
    await c.notes.delete('gone')
    await c.sync()
    await passRetention(world, c)
    await b.sync()
    await meet(c, b, a)
    for (const device of [a, b, c]) expect(idsOf(device)).toEqual(['after', 'old'])
    await world.server.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a device that only reads is known to the server, and holds tombstones back for as long as it comes', async () => {
  const world = new World()
  const [a, reader] = await world.pair()
  await a.notes.create('n', { title: 'n' })
  await meet(a, reader)
  await a.notes.delete('n')
  await a.sync()
  world.clock.advance(AWAY_MS - DAY_MS)
  await reader.sync()
  world.clock.advance(2 * DAY_MS)
  await a.sync()
  await world.server.collect('shared')
  await reader.sync()
  expect(reader.notes.size).toBe(0)
  const { devices } = await world.server.devices('shared')
  expect(devices.map(({ id }) => id).sort()).toEqual([a.engine.device.id, reader.engine.device.id].sort())
})

test('a tombstone that the server has collected does not come back with a document of the same id', async () => {
  const world = new World()
  const [a, b, c] = await world.trio({ notes: { strategy: 'last_write_wins' } })
  await a.notes.create('n', { title: 'first' })
  await meet(a, b, c)
  await a.notes.delete('n')
  // Its receipt says more than the seq of the delete, so that a keeps the tombstone for longer than the server.
  await a.notes.create('later', {})
  await a.sync()
  await meet(b, c)
  await b.notes.delete('later')
  await meet(b, c, a)
  await passRetention(world, a, b, c)
  await c.notes.create('n', { title: 'second' })
  await meet(c, a, b)
  for (const { notes } of [a, b, c]) expect([notes.get('n'), notes.conflicts()]).toEqual([{ title: 'second' }, []])
})

test('nor does what was written before it, on a device that was away and edited the document', async () => {
  const world = new World()
  const [a, b] = await world.pair({ notes: { strategy: 'manual' } })
  await a.notes.create('n', { title: 'first' })
  await meet(a, b)
  await b.notes.update('n', { body: 'of the first' })
  await a.notes.delete('n')
  await a.sync()
  await passRetention(world, a)
  await a.notes.create('n', { title: 'second' })
  await a.sync()
  await meet(b, a)
  expect(b.notes.list()).toEqual(a.notes.list())
  expect(b.notes.conflicts()).toEqual(a.notes.conflicts())
  expect(a.notes.get('n')).toEqual({ title: 'second', body: 'of the first' })
})

test('a backup older than a collected tombstone brings the document back, on every device alike', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'retention-'))
  try {
    const [file, backup] = [join(folder, 'sync.db'), join(folder, 'backup.db')]
    const world = new World({ store: sqliteStore(file) })
    const [a, b] = await world.pair()
    await a.notes.create('n', { title: 'deleted long ago' })
    await meet(a, b)
    await world.server.close()
    copyFileSync(file, backup)
    world.restart(sqliteStore(file))
    await a.notes.delete('n')
    await meet(a, b)
    await passRetention(world, a, b)
    await meet(a, b)
    await world.server.close()
    world.restart(sqliteStore(backup))
    const c = await world.device()
    await a.notes.create('k', {})
    await meet(a, b, c)
    for (const device of [a, b, c]) expect(idsOf(device)).toEqual(['k', 'n'])
    await world.server.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
