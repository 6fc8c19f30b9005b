import { isVoid } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { openLocal } from './testing/local.ts'
import { FragileState } from './testing/fragile-state.ts'
import { type Device, World, meet } from './testing/world.ts'

const sent = ({ link }: Device): unknown[] =>
  link.pushes
    .flatMap(({ entries }) => entries)
    .map((entry) => (isVoid(entry) ? 'void' : entry.delta.map(({ value }) => value)))

describe('a pending operation that was never sent', () => {
  test('loses the field writes that a later one supersedes, and is a void when none is left', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    await a.notes.create('a', {})
    await meet(a, b)
    a.link.pushes.length = 0
    for (let edit = 0; edit < 5; edit++) await a.notes.update('a', { title: `edit ${edit}`, count: edit })
    await a.notes.update('a', { body: 'text' })
    expect(a.engine.pendingOf('notes', 'a')).toBe(2)
    await meet(a, b)
    expect(sent(a)).toEqual(['void', [4, 'edit 4'], ['text']])
    expect(b.notes.get('a')).toEqual({ title: 'edit 4', count: 4, body: 'text' })
    expect(a.engine.status.pending).toBe(0)
  })

  test('stands on disk as it will be sent, and is shown the same after a restart', async () => {
    const state = new FragileState()
    const { engine, notes } = await openLocal(state)
    await notes.create('a', { title: 'One' })
    for (let edit = 0; edit < 5; edit++) await notes.update('a', { body: `edit ${edit}` })
    await notes.delete('a')
    await notes.create('a', { title: 'Two' })
    const shown = notes.list()
    await engine.close()
    const again = await openLocal(state)
    expect(again.notes.list()).toEqual(shown)
  })

  test('still supersedes what it alone had superseded', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    await b.notes.update('a', { title: 'B' })
    await meet(b, a)
    await a.notes.update('a', { title: 'A1' })
    await a.notes.update('a', { title: 'A2' })
    await meet(a, b)
    for (const { notes } of [a, b]) expect([notes.get('a'), notes.conflicts()]).toEqual([{ title: 'A2' }, []])
  })

  test('settles under each strategy what its author had seen, and only that', async () => {
    for (const strategy of ['auto_merge', 'last_write_wins', 'keep_both', 'manual'] as const) {
      const world = new World()
      const [a, b, c] = await world.trio({ notes: { strategy } })
      await a.notes.create('a', { title: 'One' })
      await meet(a, b, c)
      await b.notes.update('a', { title: 'seen' })
      await meet(b, a)
      await c.notes.update('a', { title: 'unseen' })
      world.clock.advance(10)
      await a.notes.update('a', { title: 'A1' })
      await a.notes.update('a', { title: 'A2' })
      await meet(a, b, c)
      await meet(a, b, c)
      const shown = [a, b, c].map(({ notes }) => JSON.stringify([notes.list(), notes.conflicts()]))
      expect([strategy, new Set(shown).size]).toEqual([strategy, 1])
      const found = ['seen', 'unseen', 'A1', 'A2'].filter((title) => shown[0]?.includes(`"${title}"`))
      expect([strategy, found]).toEqual([strategy, ['unseen', 'A2']])
    }
  })
})

test('a pending operation that may have been sent is sent again as it was', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await a.notes.create('a', {})
  await meet(a, b)
  await a.notes.update('a', { title: 'first' })
  a.link.losesReplies = 1
  await a.engine.syncNow()
  a.link.pushes.length = 0
  await a.notes.update('a', { title: 'second' })
  await meet(a, b)
  expect(sent(a)).toEqual([['first'], ['second']])
  expect(b.notes.get('a')).toEqual({ title: 'second' })
})

test('each write is acknowledged, also one that nobody will see', async () => {
  const world = new World()
  const device = await world.device()
  await device.notes.create('a', {})
  const writes = [1, 2, 3].map((count) => device.notes.update('a', { count }))
  await Promise.all(writes)
  await device.sync()
  await Promise.all(writes.map(async (write) => write.acknowledged))
  expect(device.engine.status.pending).toBe(0)
})
