import { type Strategy, formatDot } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { refusal } from './testing/local.ts'
import { type Device, World, meet } from './testing/world.ts'

/** Two devices that gave the same field different values, B's later; they have met. */
async function rivals(strategy: Strategy): Promise<{ world: World; a: Device; b: Device; c: Device }> {
  const world = new World()
  const [a, b, c] = await world.trio({ notes: { strategy } })
  await a.notes.create('a', { title: 'One', body: 'text' })
  await meet(a, b, c)
  await a.notes.update('a', { title: 'A' })
  world.clock.advance(10)
  await b.notes.update('a', { title: 'B' })
  await meet(a, b, c)
  return { world, a, b, c }
}

const merge = (_: readonly string[], values: readonly unknown[]): string => values.join(' & ')

const shownBy = ({ notes }: Device): unknown => [notes.list().map(({ id, value }) => [id, value]), notes.conflicts()]

describe('the same field written on two devices', () => {
  test('auto_merge shows the latest and lists both, the same everywhere', async () => {
    const { a, b, c } = await rivals('auto_merge')
    expect(a.notes.get('a')).toEqual({ title: 'B', body: 'text' })
    expect(a.notes.conflicts()).toMatchObject([
      {
        id: 'a',
        path: ['title'],
        values: [
          { value: 'A', shown: false },
          { value: 'B', shown: true },
        ],
      },
    ])
    expect(shownBy(b)).toEqual(shownBy(a))
    expect(shownBy(c)).toEqual(shownBy(a))
    expect(a.engine.status.conflicts).toBe(1)
  })

  test('auto_merge: an ordinary edit of the field settles it', async () => {
    const { a, b, c } = await rivals('auto_merge')
    await c.notes.update('a', { title: 'C' })
    await meet(c, a, b)
    for (const { notes } of [a, b, c]) expect([notes.get('a')?.title, notes.conflicts()]).toEqual(['C', []])
  })

  test('manual shows the latest, and an edit supersedes what is shown and keeps the other', async () => {
    const { a, b, c } = await rivals('manual')
    expect(a.notes.get('a')).toEqual({ title: 'B', body: 'text' })
    await c.notes.update('a', { title: 'C' })
    await meet(c, a, b)
    for (const { notes } of [a, b, c]) {
      expect(notes.get('a')?.title).toBe('C')
      expect(notes.conflicts()).toMatchObject([
        { path: ['title'], values: [{ value: 'A' }, { value: 'C', shown: true }] },
      ])
    }
    await b.notes.resolve('a', { value: 'Settled' })
    await meet(b, a, c)
    for (const { notes } of [a, b, c]) expect([notes.get('a')?.title, notes.conflicts()]).toEqual(['Settled', []])
  })

  test('last_write_wins shows the latest document whole and lists the other', async () => {
    const { a, b, c } = await rivals('last_write_wins')
    expect(a.notes.get('a')).toEqual({ title: 'B', body: 'text' })
    expect(a.notes.conflicts()).toMatchObject([
      {
        path: [],
        values: [{ value: { title: 'A', body: 'text' } }, { value: { title: 'B', body: 'text' }, shown: true }],
      },
    ])
    expect(shownBy(b)).toEqual(shownBy(a))
    await c.notes.update('a', { body: 'new' })
    await meet(c, a, b)
    for (const { notes } of [a, b, c]) {
      expect([notes.get('a'), notes.conflicts()]).toEqual([{ title: 'B', body: 'new' }, []])
    }
  })

  test('last_write_wins: a later delete wins, and stays listed until it is resolved', async () => {
    const world = new World()
    const [a, b] = await world.pair({ notes: { strategy: 'last_write_wins' } })
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    await a.notes.update('a', { title: 'A' })
    world.clock.advance(10)
    await b.notes.delete('a')
    await meet(a, b)
    expect([a.notes.has('a'), b.notes.has('a')]).toEqual([false, false])
    const [conflict] = a.notes.conflicts()
    expect(conflict).toMatchObject({ id: 'a', path: [], values: [{ value: { title: 'A' } }, { shown: true }] })
    const edit = conflict?.values[0]
    if (!edit) throw new Error('There is no edit.')
    await a.notes.resolve('a', { pick: formatDot(edit.dot) })
    await meet(a, b)
    for (const { notes } of [a, b]) expect([notes.get('a'), notes.conflicts()]).toEqual([{ title: 'A' }, []])
  })

  test('keep_both keeps both, the other under a derived id that is the same everywhere', async () => {
    const { a, b, c } = await rivals('keep_both')
    const [original, copy] = a.notes.list()
    expect(original).toMatchObject({ id: 'a', value: { title: 'B', body: 'text' } })
    expect(copy?.id).toMatch(/^a~[A-Za-z0-9_-]{16}:\d+$/)
    expect(copy?.value).toEqual({ title: 'A', body: 'text' })
    expect(shownBy(b)).toEqual(shownBy(a))
    expect(shownBy(c)).toEqual(shownBy(a))
  })
})

describe('resolve', () => {
  test('with pick takes one of the values', async () => {
    for (const strategy of ['auto_merge', 'manual'] as const) {
      const { a, b, c } = await rivals(strategy)
      const [first] = c.notes.conflicts()[0]?.values ?? []
      if (!first) throw new Error('There is no conflict.')
      await c.notes.resolve('a', { path: ['title'], pick: formatDot(first.dot) })
      await meet(c, a, b)
      for (const { notes } of [a, b, c]) expect([notes.get('a')?.title, notes.conflicts()]).toEqual(['A', []])
    }
  })

  test('with value takes a new one', async () => {
    for (const strategy of ['auto_merge', 'manual'] as const) {
      const { a, b, c } = await rivals(strategy)
      await a.notes.resolve('a', { value: 'Neither' })
      await meet(a, b, c)
      for (const { notes } of [a, b, c]) expect([notes.get('a')?.title, notes.conflicts()]).toEqual(['Neither', []])
    }
    const { a, b } = await rivals('last_write_wins')
    await a.notes.resolve('a', { value: { title: 'Neither' } })
    await meet(a, b)
    expect([b.notes.get('a'), b.notes.conflicts()]).toEqual([{ title: 'Neither' }, []])
  })

  test('with keepBoth makes a document of each', async () => {
    for (const strategy of ['auto_merge', 'manual', 'last_write_wins'] as const) {
      const { a, b, c } = await rivals(strategy)
      await b.notes.resolve('a', { keepBoth: true })
      await meet(b, a, c)
      for (const { notes } of [a, b, c]) {
        const values = notes.list().map(({ value }) => value)
        expect([strategy, values, notes.conflicts()]).toEqual([
          strategy,
          [
            { title: 'B', body: 'text' },
            { title: 'A', body: 'text' },
          ],
          [],
        ])
      }
    }
  })

  test('without a path, where several places are open, is ambiguous', async () => {
    const [a, b] = await new World().pair()
    await a.notes.create('a', {})
    await meet(a, b)
    await a.notes.update('a', { title: 'A', body: 'A' })
    await b.notes.update('a', { title: 'B', body: 'B' })
    await meet(a, b)
    const error = await refusal(a.notes.resolve('a', { value: 'C' }))
    expect([error.code, error.details['paths']]).toEqual(['ambiguous_conflict', [['body'], ['title']]])
    await a.notes.resolve('a', { path: ['title'], value: 'C' })
    await a.notes.resolve('a', { value: 'C' })
    await meet(a, b)
    expect([b.notes.get('a'), b.notes.conflicts()]).toEqual([{ title: 'C', body: 'C' }, []])
  })

  test('of a place or a value that is not in conflict says so', async () => {
    const { a } = await rivals('auto_merge')
    expect((await refusal(a.notes.resolve('a', { path: ['body'], value: 'x' }))).code).toBe('conflict_not_found')
    expect((await refusal(a.notes.resolve('a', { pick: 'nobody:1' }))).code).toBe('conflict_not_found')
    await a.notes.create('b', {})
    expect((await refusal(a.notes.resolve('b', { value: 'x' }))).code).toBe('conflict_not_found')
  })
})

describe("a collection's own merge", () => {
  test('chooses in place of the latest, and the conflict stays listed', async () => {
    const world = new World()
    const [a, b] = await world.pair({ notes: { merge } })
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    await a.notes.update('a', { title: 'A' })
    world.clock.advance(10)
    await b.notes.update('a', { title: 'B' })
    await meet(a, b)
    for (const { notes } of [a, b]) {
      expect(notes.get('a')?.title).toBe('A & B')
      expect(notes.conflicts()).toHaveLength(1)
    }
    await a.notes.update('a', { title: 'Done' })
    await meet(a, b)
    expect([b.notes.get('a')?.title, b.notes.conflicts()]).toEqual(['Done', []])
  })

  test('that throws, or gives what is no JSON, shows the latest value, and the status says so', async () => {
    for (const bad of [
      () => {
        throw new Error('no idea')
      },
      () => new Date() as unknown as string,
    ]) {
      const world = new World()
      const [a, b] = await world.pair({ notes: { merge: bad } })
      await a.notes.create('a', { title: 'One' })
      await meet(a, b)
      await a.notes.update('a', { title: 'A' })
      world.clock.advance(10)
      await b.notes.update('a', { title: 'B' })
      await meet(a, b)
      for (const { engine, notes } of [a, b]) {
        expect(notes.get('a')?.title).toBe('B')
        expect(engine.status.reason).toMatchObject({ code: 'merge_failed', fix: expect.any(String) })
      }
    }
  })

  test('leaves alone what it merged when another field is edited', async () => {
    const world = new World()
    const [a, b] = await world.pair({ notes: { merge } })
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    await a.notes.update('a', { title: 'A' })
    await b.notes.update('a', { title: 'B' })
    await meet(a, b)
    const title = a.notes.get('a')?.title
    await a.notes.update('a', { body: 'text' })
    await meet(a, b)
    expect([b.notes.get('a'), b.notes.conflicts()]).toMatchObject([{ title, body: 'text' }, [{ path: ['title'] }]])
  })
})

test('strategy_mismatch: a device configured otherwise than the space has on record is told', async () => {
  const world = new World()
  const a = await world.device({ notes: { strategy: 'keep_both' } })
  await a.notes.create('a', {})
  await a.sync()
  const b = await world.device({ notes: { strategy: 'manual' } })
  await b.sync()
  expect(b.engine.status.reason).toMatchObject({ code: 'strategy_mismatch' })
  expect(b.engine.status.reason?.fix).toContain('keep_both')
  expect(a.engine.status.reason).toBeUndefined()
  expect(b.notes.get('a')).toEqual({})
})
