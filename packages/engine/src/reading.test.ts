import { describe, expect, test } from 'vitest'
import { openLocal } from './testing/local.ts'
import { World, meet } from './testing/world.ts'

describe('what is read', () => {
  test('is frozen through and through', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { tags: ['x'], place: { city: 'Bonn' } })
    await notes.updateMetadata('a', { marks: { pinned: true } })
    const value = notes.get('a')
    const metadata = notes.metadata('a') as { marks: object }
    const parts = [value, value?.tags, value?.place, metadata, metadata.marks]
    expect(parts.map((part) => Object.isFrozen(part))).toEqual([true, true, true, true, true])
  })

  test('is frozen too when it came from another device', async () => {
    const [a, b] = await new World().pair()
    await a.notes.create('a', { tags: ['x'], place: { city: 'Bonn' } })
    await meet(a, b)
    await a.notes.update('a', { place: { street: 'Hill' } })
    await meet(a, b)
    const value = b.notes.get('a')
    expect([value, value?.tags, value?.place].map((part) => Object.isFrozen(part))).toEqual([true, true, true])
  })

  test('is the same reference until it changes', async () => {
    const [a, b] = await new World().pair()
    await a.notes.create('a', { title: 'One', tags: ['x'] })
    await a.notes.create('b', { title: 'Two' })
    const first = a.notes.get('a')
    expect(a.notes.get('a')).toBe(first)
    expect(a.notes.list()[0]?.value).toBe(first)
    await meet(a, b)
    await a.notes.updateMetadata('a', { pinned: true })
    await a.notes.update('b', { title: 'Three' })
    expect(a.notes.get('a')).toBe(first)
    await a.notes.update('a', { title: 'Four' })
    expect(a.notes.get('a')).not.toBe(first)
  })

  test('stays the same reference while fields written one by one go to the server', async () => {
    const [a, b] = await new World().pair()
    await a.notes.create('a', { title: 'One' })
    await a.notes.update('a', { body: 'text' })
    await a.notes.updateMetadata('a', { pinned: true })
    const [value, metadata] = [a.notes.get('a'), a.notes.metadata('a')]
    await meet(a, b)
    expect(a.notes.get('a')).toBe(value)
    expect(a.notes.metadata('a')).toBe(metadata)
  })

  test('holds every write made before it in the same tick', async () => {
    const { notes } = await openLocal()
    void notes.create('a', { title: 'One' })
    expect([notes.get('a'), notes.has('a'), notes.size]).toEqual([{ title: 'One' }, true, 1])
    void notes.update('a', { title: 'Two' })
    expect(notes.list().map(({ value }) => value)).toEqual([{ title: 'Two' }])
    void notes.delete('a')
    expect([notes.get('a'), notes.size]).toEqual([undefined, 0])
  })
})

describe('list', () => {
  test('gives id, value, metadata, pending and conflicts, in the order of ids', async () => {
    const world = new World()
    const device = await world.device()
    await device.notes.create('b', { title: 'Two' })
    await device.sync()
    await device.notes.create('a', { title: 'One' })
    await device.notes.updateMetadata('a', { pinned: true })
    expect(device.notes.list()).toEqual([
      { id: 'a', value: { title: 'One' }, metadata: { pinned: true }, pending: true, conflicts: [] },
      { id: 'b', value: { title: 'Two' }, metadata: {}, pending: false, conflicts: [] },
    ])
  })

  test('picks with where, orders by a field or a function, and cuts with offset and limit', async () => {
    const { notes } = await openLocal()
    for (const [id, count] of Object.entries({ a: 3, b: 1, c: 2, d: 1 })) await notes.create(id, { count })
    await notes.create('e', { title: 'no count' })
    const ids = (options: Parameters<typeof notes.list>[0]): string =>
      notes
        .list(options)
        .map(({ id }) => id)
        .join('')
    expect(ids({ where: (note) => note.count === 1 })).toBe('bd')
    expect(ids({ where: (_, id) => id > 'c' })).toBe('de')
    expect(ids({ orderBy: 'count' })).toBe('ebdca')
    expect(ids({ orderBy: 'count', descending: true })).toBe('acbde')
    expect(ids({ orderBy: (one, other) => (other.count ?? 0) - (one.count ?? 0) })).toBe('acbde')
    expect(ids({ orderBy: 'count', offset: 1, limit: 2 })).toBe('bd')
    expect(ids({ limit: 0 })).toBe('')
  })

  test('orders values of different kinds by kind, then by value', async () => {
    const { notes } = await openLocal()
    const values = { a: 'text', b: 10, c: true, d: null, e: 9, f: 'Text', g: false, h: { x: 1 } }
    for (const [id, title] of Object.entries(values)) await notes.create(id, { title: title as string })
    await notes.create('i', {})
    expect(
      notes
        .list({ orderBy: 'title' })
        .map(({ id }) => id)
        .join(''),
    ).toBe('digcebfah')
  })
})
