import { type Page, decodeState, isTombstone } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { changeRow, rowOf, worldOnDisk } from './testing/damage.ts'
import { serverDigests, storedDigest } from './testing/digests.ts'
import { FragileState } from './testing/fragile-state.ts'
import { type Device, World, meet, pause, until } from './testing/world.ts'

const HOUR_MS = 3_600_000

/** Lets everybody sync until what the server does in the background is done, too. */
async function meetAgain(...devices: readonly Device[]): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await meet(...devices)
    await pause(20)
  }
}

/** What each device shows, which is the same, and all digests, which are too. */
async function expectEqual({ store }: World, ...devices: readonly Device[]): Promise<void> {
  const [first, ...others] = devices as readonly [Device, ...Device[]]
  for (const { notes } of others) {
    expect(notes.list()).toEqual(first.notes.list())
    expect(notes.conflicts()).toEqual(first.notes.conflicts())
  }
  const { rows, record } = await serverDigests(store)
  expect(record).toEqual(rows)
  for (const { state } of devices) expect(await storedDigest(state)).toEqual(rows)
}

const idsOf = ({ notes }: Device): readonly string[] => notes.list().map(({ id }) => id)

async function writeSome(device: Device): Promise<void> {
  for (const id of ['one', 'two', 'three']) await device.notes.create(id, { title: id })
  await device.notes.update('two', { body: 'long' })
  await device.notes.delete('three')
}

test('while both sides hold the same, nothing is asked for twice', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await writeSome(a)
  await meet(a, b)
  for (const { link } of [a, b]) link.pages.length = 0
  for (let round = 0; round < 5; round++) await meet(a, b)
  for (const { link, engine } of [a, b]) {
    expect(link.pages).toHaveLength(10)
    expect(link.pages.every(({ rows, digest }) => rows.length === 0 && digest !== undefined)).toBe(true)
    expect(engine.statistics).toMatchObject({ mismatchesSeen: 0, mismatchesRepaired: 0 })
  }
  await expectEqual(world, a, b)
})

test('a row that is gone from the store of a device comes back, and is told of', async () => {
  const world = new World()
  const [a, b] = await world.pair({ limits: { pageRows: 1 } })
  await writeSome(a)
  await meet(a, b)
  const again = await changeRow(b, 'two', undefined)
  expect(idsOf(again)).toEqual(['one'])
  const told: unknown[] = []
  again.engine.on('mismatch_detected', (event) => told.push('detected', event))
  again.engine.on('mismatch_repaired', (event) => told.push('repaired', event))
  await again.sync()
  expect(told).toEqual([
    'detected',
    { documents: 1, serverDocuments: 2 },
    'repaired',
    { documents: 2, serverDocuments: 2 },
  ])
  await expectEqual(world, a, again)
  expect(again.notes.get('two')).toEqual({ title: 'two', body: 'long' })
  expect((await again.reopen()).engine.statistics).toMatchObject({ mismatchesSeen: 1, mismatchesRepaired: 1 })
})

test('a document made anew where its row is gone meets the one of before, on every device', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await a.notes.create('n', { title: 'old', body: 'by a' })
  await meet(a, b)
  await b.notes.update('n', { tags: ['by b'] })
  await meet(b, a)
  const again = await changeRow(a, 'n', undefined)
  expect(idsOf(again)).toEqual([])
  world.clock.advance(10)
  await again.notes.create('n', { title: 'new' })
  await again.notes.update('n', { body: 'anew' })
  await meet(again, b)
  await again.sync()
  await expectEqual(world, b, again)
  for (const { notes } of [again, b]) {
    expect(notes.get('n')).toEqual({ title: 'new', body: 'anew', tags: ['by b'] })
    expect(notes.conflicts().map(({ values }) => values.map(({ value }) => value))).toEqual([
      ['by a', 'anew'],
      ['old', 'new'],
    ])
  }
})

test('what is written on an edit whose row is gone covers nothing that was in the row', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await a.notes.create('n', { title: 'old', body: 'by a' })
  await meet(a, b)
  await a.notes.update('n', { title: 'newer' })
  const again = await changeRow(a, 'n', undefined)
  expect(again.notes.get('n')).toEqual({ title: 'newer' })
  world.clock.advance(10)
  await again.notes.update('n', { body: 'anew' })
  await again.notes.update('n', { body: 'anew, once more' })
  await meet(again, b)
  await again.sync()
  await expectEqual(world, b, again)
  expect(b.notes.get('n')).toEqual({ title: 'newer', body: 'anew, once more' })
  expect(b.notes.conflicts().map(({ values }) => values.map(({ value }) => value))).toEqual([
    ['by a', 'anew, once more'],
  ])
})

test('that rows are gone is stored as soon as it is known, so that no write that fails makes it forgotten', async () => {
  const world = new World()
  const state = new FragileState()
  const device = await world.device({ state })
  await writeSome(device)
  await device.sync()
  await device.engine.close()
  const before = state.commits.length
  await changeRow(device, 'two', undefined)
  const links = state.commits.slice(before).flatMap(({ records }) => records.filter(([name]) => name === 'link'))
  expect(links.map(([, text]) => JSON.parse(text ?? '') as unknown)).toEqual([
    expect.objectContaining({ lacksRows: true }),
  ])
})

test('a row of an older state in the store of a device becomes the newest again', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await a.notes.create('n', { title: 'old' })
  await meet(a, b)
  const old = await rowOf(b, 'n')
  await a.notes.update('n', { title: 'new' })
  await meet(a, b)
  const again = await changeRow(b, 'n', old)
  expect(again.notes.get('n')).toEqual({ title: 'old' })
  await again.sync()
  expect(again.notes.get('n')).toEqual({ title: 'new' })
  await expectEqual(world, a, again)
})

test('a row that is gone from the disk of the server comes back from the devices, for all of them', async () => {
  const { world, loseRows } = worldOnDisk()
  const [a, b] = await world.pair()
  await writeSome(a)
  await meet(a, b)
  await loseRows('two')
  const c = await world.device()
  await meetAgain(c, a, b)
  expect(idsOf(c)).toEqual(['one', 'two'])
  expect(c.notes.get('two')).toEqual({ title: 'two', body: 'long' })
  await expectEqual(world, a, b, c)
  for (const { engine } of [a, b, c]) expect(engine.status).toMatchObject({ pending: 0, rejected: 0 })
})

test('all rows that are gone from the disk of the server come back, page by page and push by push', async () => {
  const { world, damage } = worldOnDisk()
  const [a, b] = await world.pair({ limits: { pageRows: 3, batchOperations: 3 } })
  for (let index = 0; index < 10; index++) await a.notes.create(`n${index}`, { title: String(index) })
  await meet(a, b)
  await a.notes.delete('n4')
  await meet(a, b)
  await damage('DELETE FROM document_tail; DELETE FROM document_state; DELETE FROM document')
  await meetAgain(a, b)
  expect(idsOf(a)).toHaveLength(9)
  const c = await world.device()
  await meetAgain(a, b, c)
  expect(idsOf(c)).toHaveLength(9)
  await expectEqual(world, a, b, c)
})

test('a row of an older state on the disk of the server becomes the newest again, deletes too', async () => {
  const { world, damage } = worldOnDisk()
  const [a, b] = await world.pair()
  for (const id of ['edited', 'deleted']) await a.notes.create(id, { title: 'old' })
  await meet(a, b)
  await a.notes.update('edited', { title: 'new' })
  await b.notes.delete('deleted')
  await meet(a, b)
  await damage(`DELETE FROM document_tail;
    UPDATE document SET seq = tail_start, tail_bytes = 0, tombstone_ms = NULL, version = (
      SELECT json_array(substr(text, 3, 16), CAST(substr(text, 21, 1) AS INTEGER)) FROM document_state
      WHERE document_state.document = document.id)`)
  const c = await world.device()
  await c.sync()
  expect([c.notes.get('edited'), c.notes.get('deleted')]).toEqual([{ title: 'old' }, { title: 'old' }])
  await meetAgain(c, a, b)
  expect([c.notes.get('edited'), c.notes.has('deleted')]).toEqual([{ title: 'new' }, false])
  await expectEqual(world, a, b, c)
})

test('what was lost here and what was lost there come back together, with what was written meanwhile', async () => {
  const { world, loseRows } = worldOnDisk()
  const [a, b] = await world.pair()
  for (const id of ['here', 'there', 'both']) await a.notes.create(id, { title: id })
  await meet(a, b)
  await loseRows('there')
  const again = await changeRow(b, 'here', undefined)
  await a.notes.update('both', { title: 'of a' })
  await again.notes.update('both', { body: 'of b' })
  await again.notes.create('new', { title: 'new' })
  await meetAgain(again, a)
  expect(idsOf(a)).toEqual(['both', 'here', 'new', 'there'])
  expect(a.notes.get('both')).toEqual({ title: 'of a', body: 'of b' })
  await expectEqual(world, a, again)
})

test('a tombstone that is on one side only is no difference', async () => {
  const { world, loseRows } = worldOnDisk()
  const [a, b] = await world.pair()
  await writeSome(a)
  await meet(a, b)
  expect(isTombstone(decodeState((JSON.parse(await rowOf(b, 'three')) as unknown[])[2], 'row'))).toBe(true)
  await loseRows('three')
  await meetAgain(a, b)
  for (const { engine } of [a, b]) expect(engine.statistics.mismatchesSeen).toBe(0)
  await expectEqual(world, a, b)
})

test('a repair that breaks off goes on where it was, in another process too, and loses nothing', async () => {
  const { world, loseRows } = worldOnDisk()
  const device = await world.device({ limits: { pageRows: 2, batchOperations: 1 } })
  for (let index = 0; index < 8; index++) await device.notes.create(`n${index}`, { title: String(index) })
  await device.sync()
  await loseRows('n2', 'n5', 'n7')
  await device.sync()
  await pause(20)
  let current = device
  for (let tries = 0; tries < 20; tries++) {
    let requests = 0
    current.link.before = () => {
      if (++requests > 2) current.link.isDown = true
    }
    await current.engine.syncNow()
    expect(idsOf(current)).toHaveLength(8)
    current = await current.reopen()
  }
  await current.sync()
  const other = await world.device()
  await other.sync()
  await expectEqual(world, current, other)
  expect(idsOf(other)).toHaveLength(8)
  expect(current.engine.statistics).toMatchObject({ mismatchesSeen: 1, mismatchesRepaired: 1 })
})

const lie = (page: Page): Page => (page.digest ? { ...page, digest: { documents: 9, hash: 9 } } : page)

test('a difference that no repair helps against is let be for an hour', async () => {
  const world = new World()
  const [a, b] = await world.pair({ limits: { pageRows: 2 } })
  await writeSome(a)
  await meet(a, b)
  b.link.alterPage = lie
  b.link.pages.length = 0
  await b.sync()
  const repair = b.link.pages.length
  expect(repair).toBe(4)
  expect([b.engine.statistics, b.link.pushes]).toMatchObject([{ mismatchesSeen: 1, mismatchesRepaired: 0 }, []])
  for (let round = 0; round < 5; round++) await b.sync()
  expect(b.link.pages).toHaveLength(repair + 5)
  world.clock.advance(HOUR_MS)
  const again = await b.reopen()
  again.link.alterPage = lie
  for (let round = 0; round < 5; round++) await again.sync()
  expect(again.link.pages).toHaveLength(repair + 4)
  expect(again.engine.statistics).toMatchObject({ mismatchesSeen: 2, mismatchesRepaired: 0 })
  expect(idsOf(again)).toEqual(['one', 'two'])
})

test('a live device whose frame tells of a difference asks, and of none does not', async () => {
  const world = new World()
  const [a, b] = [await world.liveDevice(), await world.liveDevice()]
  for (const { engine } of [a, b]) {
    engine.start()
    await until(() => {
      world.clock.advance(0)
      return engine.status.state === 'live'
    })
  }
  const shows = async (title: string): Promise<void> =>
    until(() => {
      world.clock.advance(0)
      return b.notes.get('n')?.title === title
    })
  await a.notes.create('n', { title: 'one' })
  await shows('one')
  const { length } = b.link.pages
  await a.notes.update('n', { title: 'two' })
  await shows('two')
  await pause(20)
  expect(b.link.pages).toHaveLength(length)
  b.link.alter = (told) => [told && { ...told, digest: { documents: 9, hash: 9 } }]
  await a.notes.update('n', { title: 'three' })
  await shows('three')
  await until(() => {
    world.clock.advance(0)
    return b.link.pages.length === length + 1
  })
  for (const { engine } of [a, b]) await engine.close()
})

test('an edit of a document whose row was lost is sent, and the whole document comes back', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await a.notes.create('n', { title: 'title', body: 'body' })
  await a.sync()
  await a.notes.update('n', { title: 'edited' })
  const again = await changeRow(a, 'n', undefined)
  await b.sync()
  await b.notes.update('n', { count: 1 })
  await b.sync()
  await meet(again, b)
  expect(again.notes.get('n')).toEqual({ title: 'edited', body: 'body', count: 1 })
  await expectEqual(world, again, b)
})

test('a repair that broke off for longer than the retention brings nothing back that was deleted meanwhile', async () => {
  const world = new World()
  const [a, b] = await world.pair({ limits: { pageRows: 1 } })
  for (const id of ['one', 'two', 'three', 'gone']) await a.notes.create(id, { title: id })
  await meet(a, b)
  const again = await changeRow(b, 'one', undefined)
  let pulls = 0
  again.link.before = () => void (again.link.isDown = ++pulls > 3)
  await again.engine.syncNow()
  expect(again.engine.statistics.mismatchesSeen).toBe(1)
  await a.notes.delete('gone')
  for (let days = 0; days < 92; days += 23) {
    await a.sync()
    world.clock.advance(23 * 24 * HOUR_MS)
  }
  await a.sync()
  await world.server.collect('shared')
  again.link.before = () => void (again.link.isDown = false)
  await meet(again, a)
  expect(idsOf(a)).toEqual(['one', 'three', 'two'])
  await expectEqual(world, a, again)
})
