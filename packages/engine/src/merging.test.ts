import { describe, expect, test } from 'vitest'
import { World, meet } from './testing/world.ts'
import type { Note } from './testing/world.ts'

test('what one device writes, the others show', async () => {
  const [a, b, c] = await new World().trio()
  await a.notes.create('a', { title: 'One', tags: ['x'] })
  await a.notes.updateMetadata('a', { pinned: true })
  await b.notes.create('b', { title: 'Two' })
  await meet(a, b, c)
  await c.notes.update('a', { title: 'Three' })
  await c.notes.delete('b')
  await meet(c, a, b)
  for (const { notes, engine } of [a, b, c]) {
    expect(notes.list()).toEqual([
      { id: 'a', value: { title: 'Three', tags: ['x'] }, metadata: { pinned: true }, pending: false, conflicts: [] },
    ])
    expect(engine.status).toMatchObject({ pending: 0, everSynced: true })
  }
})

test('edits of different fields merge, without a conflict', async () => {
  const [a, b] = await new World().pair()
  await a.notes.create('a', { title: 'One', place: { city: 'Bonn', street: 'Hill' } })
  await meet(a, b)
  await a.notes.update('a', { title: 'A', place: { city: 'Ulm' } })
  await b.notes.update('a', { body: 'B', place: { street: 'Lane' } })
  await meet(a, b)
  for (const { notes } of [a, b]) {
    expect(notes.get('a')).toEqual({ title: 'A', body: 'B', place: { city: 'Ulm', street: 'Lane' } })
    expect(notes.conflicts()).toEqual([])
  }
})

test('metadata merges field by field, the latest wins, and it is never in conflict', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await a.notes.create('a', {})
  await meet(a, b)
  await a.notes.updateMetadata('a', { colour: 'red', pinned: true })
  world.clock.advance(10)
  await b.notes.updateMetadata('a', { colour: 'blue', read: true })
  await meet(a, b)
  for (const { notes } of [a, b]) {
    expect(notes.metadata('a')).toEqual({ colour: 'blue', pinned: true, read: true })
    expect(notes.conflicts()).toEqual([])
  }
})

describe('an edit against a delete', () => {
  test('brings the whole document back, and the delete is listed', async () => {
    const [a, b] = await new World().pair()
    await a.notes.create('a', { title: 'One', body: 'text' })
    await meet(a, b)
    await a.notes.delete('a')
    await b.notes.update('a', { title: 'B' })
    await meet(a, b)
    for (const { notes } of [a, b]) {
      expect(notes.get('a')).toEqual({ title: 'B', body: 'text' })
      expect(notes.conflicts()).toMatchObject([{ id: 'a', path: [], values: [{ value: undefined }, { shown: true }] }])
    }
    await a.notes.resolve('a', { pick: nameOfShown(a.notes.conflicts()[0]) })
    await meet(a, b)
    expect([b.notes.get('a'), b.notes.conflicts()]).toEqual([{ title: 'B', body: 'text' }, []])
  })

  test('loses when the delete is picked', async () => {
    const [a, b] = await new World().pair()
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    await a.notes.delete('a')
    await b.notes.update('a', { title: 'B' })
    await meet(a, b)
    const [conflict] = b.notes.conflicts()
    const gone = conflict?.values.find(({ value }) => value === undefined)
    await b.notes.resolve('a', { pick: `${gone?.dot.replica}:${gone?.dot.counter}` })
    await meet(a, b)
    for (const { notes } of [a, b]) expect([notes.has('a'), notes.conflicts()]).toEqual([false, []])
  })

  test('of metadata does not bring it back', async () => {
    const [a, b] = await new World().pair()
    await a.notes.create('a', {})
    await meet(a, b)
    await a.notes.delete('a')
    await b.notes.updateMetadata('a', { pinned: true })
    await meet(a, b)
    for (const { notes } of [a, b]) expect([notes.has('a'), notes.metadata('a')]).toEqual([false, undefined])
  })
})

test('a document created again after a delete is the new one everywhere', async () => {
  const [a, b] = await new World().pair()
  await a.notes.create('a', { title: 'One', body: 'old' })
  await a.notes.updateMetadata('a', { pinned: true })
  await meet(a, b)
  await b.notes.delete('a')
  await meet(b, a)
  await a.notes.create('a', { title: 'Two' })
  await meet(a, b)
  for (const { notes } of [a, b]) {
    expect(notes.list()).toEqual([{ id: 'a', value: { title: 'Two' }, metadata: {}, pending: false, conflicts: [] }])
  }
})

test('two documents created under one id at the same time merge into one', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await a.notes.create('a', { title: 'A', tags: ['x'] })
  world.clock.advance(10)
  await b.notes.create('a', { title: 'B', body: 'text' })
  await meet(a, b)
  for (const { notes } of [a, b]) {
    expect(notes.get('a')).toEqual({ title: 'B', body: 'text', tags: ['x'] })
    expect(notes.conflicts()).toMatchObject([{ id: 'a', path: ['title'], values: [{ value: 'A' }, { value: 'B' }] }])
  }
})

const edited = (value: Note | undefined, change: Note): Note => ({ ...value, ...change })

describe('a write made from a value that was read', () => {
  test('merges with what arrived since then, and does not overwrite it', async () => {
    const [a, b] = await new World().pair()
    await a.notes.create('a', { title: 'One', body: 'text' })
    await meet(a, b)
    const opened = b.notes.get('a')
    await a.notes.update('a', { title: 'A' })
    await meet(a, b)
    await b.notes.set('a', edited(opened, { body: 'B' }), { read: opened })
    await meet(b, a)
    for (const { notes } of [a, b]) {
      expect([notes.get('a'), notes.conflicts()]).toEqual([{ title: 'A', body: 'B' }, []])
    }
  })

  test('is in conflict with what arrived in the same field', async () => {
    const [a, b] = await new World().pair()
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    const opened = b.notes.get('a')
    await a.notes.update('a', { title: 'A' })
    await meet(a, b)
    await b.notes.update('a', { title: 'B' }, { read: opened })
    await meet(b, a)
    for (const { notes } of [a, b]) {
      expect(notes.conflicts()).toMatchObject([{ path: ['title'], values: [{ value: 'A' }, { value: 'B' }] }])
    }
  })

  test('knows what it was made from also where a subscription showed the value as the one before', async () => {
    const [a, b] = await new World().pair()
    await a.notes.create('a', { title: 'One', body: 'text' })
    await meet(a, b)
    b.notes.subscribe(() => {})
    const opened = b.notes.get('a')
    await a.notes.update('a', { title: 'A' })
    await meet(a, b)
    await b.notes.set('a', edited(opened, { body: 'B' }), { read: opened })
    expect(b.notes.get('a')).toEqual({ title: 'A', body: 'B' })
  })

  test('knows it also where another listener wrote while the value was told', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    let told: Note | undefined
    b.notes.subscribe(() => void (told ? undefined : b.notes.update('a', { body: 'B' })))
    b.notes.subscribe((changes) => (told ??= changes[0]?.after))
    await a.notes.update('a', { title: 'A' })
    await meet(a, b)
    expect(told).toEqual({ title: 'A' })
    await b.notes.set('a', edited(told, { count: 1 }), { read: told })
    expect(b.notes.get('a')).toEqual({ title: 'A', body: 'B', count: 1 })
  })

  test('brings back a document that was deleted meanwhile', async () => {
    const [a, b] = await new World().pair()
    await a.notes.create('a', { title: 'One', body: 'text' })
    await meet(a, b)
    const opened = b.notes.get('a')
    await a.notes.delete('a')
    await meet(a, b)
    await b.notes.set('a', edited(opened, { body: 'B' }), { read: opened })
    await meet(b, a)
    for (const { notes } of [a, b]) expect(notes.get('a')).toEqual({ title: 'One', body: 'B' })
  })

  test('is still taken after the names of pending operations changed', async () => {
    const world = new World()
    const device = await world.device()
    await device.notes.create('a', { title: 'One' })
    await device.sync()
    await device.notes.update('a', { body: 'mine' })
    const opened = device.notes.get('a')
    world.restart()
    await device.sync()
    await device.notes.set('a', edited(opened, { title: 'Two' }), { read: opened })
    await device.sync()
    expect([device.engine.rejected.list(), device.notes.conflicts()]).toEqual([[], []])
    expect(device.notes.get('a')).toEqual({ title: 'Two', body: 'mine' })
  })

  test('without it is made from what is there now', async () => {
    const [a, b] = await new World().pair()
    await a.notes.create('a', { title: 'One', body: 'text' })
    await meet(a, b)
    const opened = b.notes.get('a')
    await a.notes.update('a', { title: 'A' })
    await meet(a, b)
    await b.notes.set('a', edited(opened, { body: 'B' }))
    await meet(b, a)
    for (const { notes } of [a, b]) expect(notes.get('a')).toEqual({ title: 'One', body: 'B' })
  })
})

const nameOfShown = (conflict: { readonly values: readonly Shown[] } | undefined): string => {
  const dot = conflict?.values.find(({ shown }) => shown)?.dot
  return `${dot?.replica}:${dot?.counter}`
}
interface Shown {
  readonly shown: boolean
  readonly dot: { readonly replica: string; readonly counter: number }
}
