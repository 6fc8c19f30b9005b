import { describe, expect, test } from 'vitest'
import { FragileState } from './testing/fragile-state.ts'
import { openLocal, refusal } from './testing/local.ts'
import { World, meet } from './testing/world.ts'

describe('an edit of a value that was read earlier', () => {
  test('lists what arrived meanwhile, also when something else listed the collection since then', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    await b.notes.update('a', { title: 'theirs' })
    world.clock.advance(10)
    await a.notes.update('a', { title: 'mine' })
    const opened = a.notes.get('a')
    await b.sync()
    await a.sync()
    expect(a.notes.list().map(({ value }) => value)).toEqual([{ title: 'mine' }])
    await a.notes.set('a', { title: 'edited' }, { read: opened })
    await meet(a, b)
    for (const { notes } of [a, b]) {
      expect(notes.get('a')).toEqual({ title: 'edited' })
      expect(notes.conflicts()).toMatchObject([{ values: [{ value: 'theirs' }, { value: 'edited' }] }])
    }
  })

  test('may begin at a copy that has become a document, and loses nothing of it', async () => {
    const world = new World()
    const [a, b] = await world.pair({ notes: { strategy: 'keep_both' } })
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    await a.notes.update('a', { title: 'A' })
    world.clock.advance(10)
    await b.notes.update('a', { title: 'B' })
    await meet(a, b)
    const copy = a.notes.list().find(({ id }) => id !== 'a')?.id ?? ''
    const opened = a.notes.get(copy)
    expect(opened).toEqual({ title: 'A' })
    await b.notes.update(copy, { title: 'from B' })
    await meet(b, a)
    world.clock.advance(10)
    await a.notes.update(copy, { title: 'edited' }, { read: opened })
    await meet(a, b)
    await meet(a, b)
    for (const { notes } of [a, b]) {
      const titles = notes.list().map(({ value }) => value.title)
      expect(new Set(titles)).toEqual(new Set(['B', 'edited', 'from B']))
    }
  })

  test('may begin at a value from before a commit that failed', async () => {
    const state = new FragileState()
    const { notes } = await openLocal(state)
    await notes.create('a', { title: 'One' })
    const opened = notes.get('a')
    state.failOnce()
    expect((await refusal(notes.update('a', { body: 'text' }))).code).toBe('disk_full')
    await notes.set('a', { title: 'Two' }, { read: opened })
    expect([notes.get('a'), notes.conflicts()]).toEqual([{ title: 'Two' }, []])
  })
})
