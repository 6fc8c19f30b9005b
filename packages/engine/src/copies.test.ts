import { SyncError } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { copiedNote } from './testing/copied-note.ts'
import { type Device, World, meet } from './testing/world.ts'

const titles = ({ notes }: Device): unknown =>
  Object.fromEntries(notes.list().map(({ id, value }) => [id, value.title]))

test('a copy is read as a document of its own', async () => {
  const { a, copy } = await copiedNote()
  expect([a.notes.get(copy), a.notes.has(copy), a.notes.metadata(copy), a.notes.size]).toEqual([
    { title: 'A' },
    true,
    {},
    2,
  ])
  expect(a.notes.conflicts()).toEqual([])
})

test('editing the original keeps its copies', async () => {
  const { a, b, copy } = await copiedNote()
  await a.notes.update('a', { title: 'C' })
  await meet(a, b)
  for (const device of [a, b]) expect(titles(device)).toEqual({ a: 'C', [copy]: 'A' })
})

test('deleting the original keeps its copies', async () => {
  const { a, b, copy } = await copiedNote()
  await a.notes.delete('a')
  await meet(a, b)
  for (const device of [a, b]) expect(titles(device)).toEqual({ [copy]: 'A' })
})

test('deleting a copy leaves the original', async () => {
  const { a, b, copy } = await copiedNote()
  await a.notes.delete(copy)
  expect(titles(a)).toEqual({ a: 'B' })
  await meet(a, b)
  for (const device of [a, b]) expect(titles(device)).toEqual({ a: 'B' })
})

test('editing a copy makes a real document in its place, and the copy is dropped once the server has it', async () => {
  const { a, b, copy } = await copiedNote()
  await a.notes.update(copy, { title: 'C' })
  expect(titles(a)).toEqual({ a: 'B', [copy]: 'C' })
  expect(a.engine.pendingOf('notes', 'a')).toBe(0)
  await a.sync()
  await meet(a, b)
  for (const device of [a, b]) expect(titles(device)).toEqual({ a: 'B', [copy]: 'C' })
  const drops = a.link.pushes
    .flatMap(({ entries }) => entries)
    .filter((entry) => 'drop' in entry && entry.drop.length > 0)
  expect(drops).toHaveLength(1)
  await b.notes.delete(copy)
  await meet(b, a)
  for (const device of [a, b]) expect(titles(device)).toEqual({ a: 'B' })
})

test('a copy whose edit the server refuses is back as it was', async () => {
  const world = new World({
    validate: (operation) =>
      JSON.stringify(operation.delta).includes('bad') ? { code: 'bad', message: 'It is bad.' } : undefined,
  })
  const [a, b] = await world.pair({ notes: { strategy: 'keep_both' } })
  await a.notes.create('a', { title: 'One' })
  await meet(a, b)
  await a.notes.update('a', { title: 'A' })
  await b.notes.update('a', { title: 'B' })
  await meet(a, b)
  const shown = titles(a)
  const copy = a.notes.list().find(({ id }) => id !== 'a')?.id ?? ''
  await a.notes.update(copy, { title: 'bad' })
  await meet(a, b)
  expect([titles(a), titles(b), a.engine.status.rejected]).toEqual([shown, shown, 1])
})

test('a copy that was deleted before the server refused what it holds leaves nothing behind, and the store opens again', async () => {
  const world = new World({
    validate: (operation) =>
      JSON.stringify(operation.delta).includes('bad') ? { code: 'bad', message: 'It is bad.' } : undefined,
  })
  const [a, b] = await world.pair({ notes: { strategy: 'keep_both' } })
  await a.notes.create('a', { title: 'One' })
  await meet(a, b)
  await a.notes.update('a', { title: 'bad' })
  world.clock.advance(10)
  await b.notes.update('a', { title: 'B' })
  await b.sync()
  a.link.refuse = (kind) => (kind === 'push' ? new SyncError('forbidden', 'Not now.') : undefined)
  await a.sync().catch(() => {})
  expect(Object.values(titles(a) as object)).toEqual(['B', 'bad'])
  const deleted = a.notes.delete(a.notes.list().find(({ id }) => id !== 'a')?.id ?? '')
  await deleted
  a.link.refuse = () => undefined
  await meet(a, b)
  await deleted.acknowledged
  const again = await a.reopen()
  for (const device of [again, b]) expect(titles(device)).toEqual({ a: 'B' })
  expect([again.engine.status.pending, again.engine.status.rejected]).toEqual([0, 1])
})

test('metadata of a copy makes it a real document too', async () => {
  const { a, b, copy } = await copiedNote()
  await a.notes.updateMetadata(copy, { pinned: true })
  await meet(a, b)
  await meet(a, b)
  for (const device of [a, b]) {
    expect(titles(device)).toEqual({ a: 'B', [copy]: 'A' })
    expect(device.notes.metadata(copy)).toEqual({ pinned: true })
  }
})

test('a copy edited on two devices at once is one document with a copy of its own, of the same stem', async () => {
  const { world, a, b, copy } = await copiedNote()
  await a.notes.update(copy, { title: 'C' })
  world.clock.advance(10)
  await b.notes.update(copy, { title: 'D' })
  await meet(a, b)
  await meet(a, b)
  expect(titles(a)).toEqual(titles(b))
  const shown = a.notes.list()
  expect(new Set(shown.map(({ value }) => value.title))).toEqual(new Set(['B', 'C', 'D']))
  for (const { id } of shown) expect(id).toMatch(/^a(~[A-Za-z0-9_-]{16}:\d+)?$/)
})

test('an edit against a delete keeps what was edited', async () => {
  const world = new World()
  const [a, b] = await world.pair({ notes: { strategy: 'keep_both' } })
  await a.notes.create('a', { title: 'One' })
  await meet(a, b)
  await a.notes.update('a', { title: 'A' })
  world.clock.advance(10)
  await b.notes.delete('a')
  await meet(a, b)
  expect(titles(a)).toEqual(titles(b))
  expect(a.notes.list()).toMatchObject([{ id: expect.stringMatching(/^a~/) as string, value: { title: 'A' } }])
})
