import { describe, expect, test } from 'vitest'
import { openLocal } from './testing/local.ts'

describe('create', () => {
  test('stores a document under its id', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { title: 'One' })
    expect(notes.get('a')).toEqual({ title: 'One' })
    expect(notes.metadata('a')).toEqual({})
  })

  test('takes what the value is now, not what becomes of it later', async () => {
    const { notes } = await openLocal()
    const tags = ['x']
    await notes.create('a', { tags })
    tags.push('y')
    expect(notes.get('a')).toEqual({ tags: ['x'] })
  })

  test('a deleted id can be created again, without the old metadata', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { title: 'One', body: 'old' })
    await notes.updateMetadata('a', { pinned: true })
    await notes.delete('a')
    await notes.create('a', { title: 'Two' })
    expect([notes.get('a'), notes.metadata('a')]).toEqual([{ title: 'Two' }, {}])
  })
})

describe('add', () => {
  test('resolves to a new id that sorts by time', async () => {
    const { notes, clock } = await openLocal()
    const ids: string[] = []
    for (let index = 0; index < 20; index++) {
      ids.push(await notes.add({ count: index }))
      clock.advance(1)
    }
    expect([...ids].sort()).toEqual(ids)
    expect(notes.list().map(({ value }) => value.count)).toEqual(ids.map((_, index) => index))
  })
})

describe('update', () => {
  test('changes the fields of a patch, as deep as it goes, and leaves the others', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { title: 'One', body: 'text', place: { city: 'Bonn', street: 'Hill' } })
    await notes.update('a', { title: 'Two', place: { city: 'Ulm' } })
    expect(notes.get('a')).toEqual({ title: 'Two', body: 'text', place: { city: 'Ulm', street: 'Hill' } })
  })

  test('removes a field whose patch is undefined', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { title: 'One', place: { city: 'Bonn', street: 'Hill' } })
    await notes.update('a', { title: undefined, place: { street: undefined } })
    expect(notes.get('a')).toEqual({ place: { city: 'Bonn' } })
  })

  test('replaces an array whole', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { tags: ['x', 'y'] })
    await notes.update('a', { tags: ['z'] })
    expect(notes.get('a')).toEqual({ tags: ['z'] })
  })

  test('takes a function that edits a draft in place', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { tags: ['x'], place: { city: 'Bonn' } })
    const before = notes.get('a')
    await notes.update('a', (draft) => {
      draft.tags?.push('y')
      delete draft.place
    })
    expect(notes.get('a')).toEqual({ tags: ['x', 'y'] })
    expect(before).toEqual({ tags: ['x'], place: { city: 'Bonn' } })
  })

  test('that changes nothing writes nothing', async () => {
    const { engine, notes } = await openLocal()
    await notes.create('a', { title: 'One' })
    await notes.update('a', { title: 'One' })
    await notes.set('a', { title: 'One' })
    await notes.updateMetadata('a', {})
    expect(engine.pendingOf('notes', 'a')).toBe(1)
  })
})

describe('set', () => {
  test('creates what is not there', async () => {
    const { notes } = await openLocal()
    await notes.set('a', { title: 'One' })
    expect(notes.get('a')).toEqual({ title: 'One' })
  })

  test('replaces what is there', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { title: 'One', body: 'text' })
    await notes.set('a', { title: 'Two' })
    expect(notes.get('a')).toEqual({ title: 'Two' })
  })
})

describe('metadata', () => {
  test('is changed by a patch and stands beside the content', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { title: 'One' })
    await notes.updateMetadata('a', { pinned: true, colour: 'red' })
    await notes.updateMetadata('a', { colour: undefined })
    expect([notes.get('a'), notes.metadata('a')]).toEqual([{ title: 'One' }, { pinned: true }])
  })
})

describe('delete', () => {
  test('takes the document away', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { title: 'One' })
    await notes.delete('a')
    expect([notes.get('a'), notes.metadata('a'), notes.has('a'), notes.size]).toEqual([undefined, undefined, false, 0])
  })
})

test('each strategy shows the plain result of edits made on one device', async () => {
  for (const strategy of ['auto_merge', 'last_write_wins', 'keep_both', 'manual'] as const) {
    const { notes } = await openLocal(undefined, { strategy })
    await notes.create('a', { title: 'One', tags: ['x'] })
    await notes.update('a', { body: 'text' })
    await notes.update('a', { title: undefined, place: { city: 'Bonn' } })
    await notes.delete('a')
    await notes.create('a', { title: 'Two' })
    await notes.set('a', { title: 'Three', count: 3 })
    expect([strategy, notes.get('a'), notes.size, notes.conflicts()]).toEqual([
      strategy,
      { title: 'Three', count: 3 },
      1,
      [],
    ])
  }
})
