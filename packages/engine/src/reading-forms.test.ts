import { describe, expect, test } from 'vitest'
import { copiedNote } from './testing/copied-note.ts'
import { FragileState } from './testing/fragile-state.ts'
import { openLocal, refusal } from './testing/local.ts'
import { type Device, World, meet } from './testing/world.ts'

const titlesOf = (notes: Device['notes']): unknown => new Set(notes.list().map(({ value }) => value.title))

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
    const { world, a, b, copy } = await copiedNote()
    const opened = a.notes.get(copy)
    expect(opened).toEqual({ title: 'A' })
    await b.notes.update(copy, { title: 'from B' })
    await meet(b, a)
    world.clock.advance(10)
    await a.notes.update(copy, { title: 'edited' }, { read: opened })
    await meet(a, b)
    await meet(a, b)
    for (const { notes } of [a, b]) expect(titlesOf(notes)).toEqual(new Set(['B', 'edited', 'from B']))
  })

  test('may begin at a copy that shows the very value that its original had shown', async () => {
    let opened: unknown
    const { world, a, b, copy } = await copiedNote((device) => (opened = device.notes.get('a')))
    const read = a.notes.get(copy)
    expect(read).toBe(opened)
    await b.notes.update(copy, { title: 'from B' })
    await meet(b, a)
    world.clock.advance(10)
    await a.notes.update(copy, { title: 'edited' }, { read })
    await meet(a, b)
    for (const { notes } of [a, b]) expect(titlesOf(notes)).toEqual(new Set(['B', 'edited', 'from B']))
  })

  test('begins at nothing that another document gave, also for a copy', async () => {
    const { a, copy } = await copiedNote()
    const shown = a.notes.list()
    const read = a.notes.get('a')
    for (const write of [() => a.notes.set(copy, {}, { read }), () => a.notes.update(copy, { body: '' }, { read })]) {
      expect((await refusal(write())).code).toBe('invalid_options')
    }
    expect(a.notes.list()).toEqual(shown)
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
