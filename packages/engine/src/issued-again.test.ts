import { STRATEGIES, type Strategy, formatDot } from '@whisker/protocol'
import { sqliteStore } from '@whisker/server'
import { describe, expect, test } from 'vitest'
import { memoryState } from './memory-state.ts'
import { copiedState } from './testing/copied-state.ts'
import { type Device, World, meet } from './testing/world.ts'

interface History {
  readonly strategy: Strategy
  /** What A sends, the server takes and B reads, though A never hears of it. */
  readonly lost: (a: Device) => Promise<unknown>
  /** What happens before the server is restored to a time when it had nothing. */
  readonly meanwhile: (a: Device, b: Device) => Promise<unknown>
}

/** Plays it until A has issued again what it sent, and all have met; C was never there before. */
async function play({ strategy, lost, meanwhile }: History): Promise<readonly [Device, Device, Device]> {
  const world = new World()
  const [a, b, c] = await world.trio({ notes: { strategy } })
  await a.notes.create('n', { title: 'old', body: 'text' })
  await meet(a, b)
  world.clock.advance(10)
  await lost(a)
  a.link.losesReplies = 1
  await a.engine.syncNow()
  await b.sync()
  world.clock.advance(10)
  await meanwhile(a, b)
  world.restart(sqliteStore(':memory:'))
  await meet(b, a, c)
  return [a, b, c]
}

const shownBy = ({ notes, engine }: Device): unknown => [
  Object.fromEntries(notes.list().map(({ id, value }) => [id, value])),
  notes.conflicts().map(({ values }) => values.map(({ value }) => value)),
  engine.status.conflicts,
]

/** The name of the operation that a device sent last. */
function lastSent({ link }: Device): string | undefined {
  const entry = link.pushes.at(-1)?.entries.at(-1)
  return entry && 'dot' in entry ? formatDot(entry.dot) : undefined
}

const nothing = async (): Promise<void> => {}
const createNew = async ({ notes }: Device): Promise<void> => notes.create('m', { title: 'new' })
const writeA = async ({ notes }: Device): Promise<void> => notes.update('n', { title: 'A' })
/** Its author does, or who had read it. */
const writeOver = [
  async ({ notes }: Device) => notes.update('n', { title: 'B' }),
  async (_: Device, { notes }: Device) => notes.update('n', { title: 'B' }),
]

describe.each(STRATEGIES)('under %s, what somebody read under its old name and its author issued again', (strategy) => {
  test('is one change', async () => {
    const devices = await play({
      strategy,
      lost: ({ notes }) => notes.update('n', { title: 'new' }),
      meanwhile: nothing,
    })
    for (const device of devices) expect(shownBy(device)).toEqual([{ n: { title: 'new', body: 'text' } }, [], 0])
  })

  test('is one delete', async () => {
    const devices = await play({ strategy, lost: ({ notes }) => notes.delete('n'), meanwhile: nothing })
    for (const device of devices) expect(shownBy(device)).toEqual([{}, [], 0])
  })

  test('is deleted by whoever had seen it under one of its names', async () => {
    for (const meanwhile of [
      ({ notes }: Device) => notes.delete('m'),
      (_: Device, { notes }: Device) => notes.delete('m'),
    ]) {
      const devices = await play({ strategy, lost: createNew, meanwhile })
      for (const device of devices) expect(shownBy(device)).toEqual([{ n: { title: 'old', body: 'text' } }, [], 0])
    }
  })
})

test('fields of a document that was issued again are edited in both', async () => {
  for (const strategy of ['auto_merge', 'manual'] as const) {
    const devices = await play({
      strategy,
      lost: ({ notes }) => notes.create('m', { title: 'new', body: 'text' }),
      meanwhile: ({ notes }) => notes.update('m', { title: 'edited' }),
    })
    for (const { notes } of devices) {
      expect([notes.get('m'), notes.conflicts()]).toEqual([{ title: 'edited', body: 'text' }, []])
    }
  }
})

describe('what was written over under its old name only', () => {
  test('stands beside that, listed, and what wrote over it is shown; to pick it ends it everywhere', async () => {
    for (const strategy of ['auto_merge', 'last_write_wins', 'manual'] as const) {
      for (const meanwhile of writeOver) {
        const [a, b, c] = await play({ strategy, lost: writeA, meanwhile })
        for (const { notes } of [a, b, c]) {
          expect(notes.get('n')).toEqual({ title: 'B', body: 'text' })
          expect(JSON.stringify(notes.conflicts())).toContain('"A"')
          expect(notes.conflicts()).toMatchObject([{ values: [{ shown: false }, { shown: true }] }])
        }
        const { dot } = c.notes.conflicts()[0]?.values[1] ?? {}
        if (!dot) throw new Error('Nothing is listed.')
        await c.notes.resolve('n', { pick: dot })
        await meet(c, a, b)
        for (const device of [a, b, c]) expect(shownBy(device)).toEqual([{ n: { title: 'B', body: 'text' } }, [], 0])
      }
    }
  })

  test('stands beside that as a copy under keep_both; to delete the copy ends it everywhere', async () => {
    for (const meanwhile of writeOver) {
      const [a, b, c] = await play({ strategy: 'keep_both', lost: writeA, meanwhile })
      const copies = c.notes.list().filter(({ id }) => id !== 'n')
      for (const { notes } of [a, b, c]) expect(notes.list()).toEqual(c.notes.list())
      expect([c.notes.get('n')?.title, ...copies.map(({ value }) => value.title)]).toEqual(['B', 'A'])
      await c.notes.delete(copies[0]?.id ?? '')
      await meet(c, a, b)
      for (const device of [a, b, c]) expect(shownBy(device)).toEqual([{ n: { title: 'B', body: 'text' } }, [], 0])
    }
  })

  test('shows again where it was removed, and the removal is listed', async () => {
    const devices = await play({
      strategy: 'auto_merge',
      lost: writeA,
      meanwhile: (_, { notes }) => notes.update('n', { title: undefined }),
    })
    for (const { notes } of devices) {
      expect(notes.get('n')).toEqual({ title: 'A', body: 'text' })
      expect(notes.conflicts()).toMatchObject([
        { path: ['title'], values: [{ value: 'A', shown: true }, { shown: false }] },
      ])
    }
  })
})

test('metadata that was removed under its old name only shows again', async () => {
  const devices = await play({
    strategy: 'auto_merge',
    lost: ({ notes }) => notes.updateMetadata('n', { pinned: true }),
    meanwhile: (_, { notes }) => notes.updateMetadata('n', { pinned: undefined }),
  })
  for (const { notes } of devices) expect([notes.metadata('n'), notes.conflicts()]).toEqual([{ pinned: true }, []])
})

test('what a copy of the profile wrote under the same name is not taken for what others wrote over', async () => {
  const world = new World()
  const state = memoryState()
  const before = await world.device({ state })
  await before.notes.create('n', { title: 'old' })
  await before.sync()
  await before.engine.close()
  const copy = await world.device({ state: await copiedState(state) })
  const original = await world.device({ state })
  const b = await world.device()
  await original.notes.update('n', { title: 'original' })
  await original.sync()
  await b.sync()
  await b.notes.update('n', { title: 'B' })
  await b.sync()
  await copy.notes.update('n', { title: 'copy' })
  copy.link.losesReplies = 1
  await copy.engine.syncNow()
  const [name, sameName] = [original, copy].map(lastSent)
  expect([name, sameName]).toEqual([sameName, expect.stringMatching(/:2$/)])
  world.restart(sqliteStore(':memory:'))
  await meet(b, copy, original)
  for (const { notes } of [b, copy, original]) {
    const values = notes.conflicts().flatMap((conflict) => conflict.values.map(({ value }) => value))
    expect(new Set(values)).toEqual(new Set(['copy', 'B']))
  }
})
