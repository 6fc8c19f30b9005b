import { describe, expect, test } from 'vitest'
import { FragileState } from './testing/fragile-state.ts'
import { openLocal, uncaughtDuring } from './testing/local.ts'
import { World, meet, pause } from './testing/world.ts'

const NOT_THIS_ONE = { code: 'no', message: 'Not this one.' }

describe('subscribe', () => {
  test('tells what changed, what it was, and whether it came from here', async () => {
    const [a, b] = await new World().pair()
    const told: unknown[] = []
    b.notes.subscribe((changes) => told.push(...changes))
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    await b.notes.update('a', { title: 'Two' })
    await b.notes.delete('a')
    expect(told).toEqual([
      { id: 'a', before: undefined, after: { title: 'One' }, origin: 'remote' },
      { id: 'a', before: { title: 'One' }, after: { title: 'Two' }, origin: 'local' },
      { id: 'a', before: { title: 'Two' }, after: undefined, origin: 'local' },
    ])
  })

  test('tells that what the server refused, or the store did not take, was not changed here', async () => {
    const world = new World({ validate: ({ document }) => (document === 'bad' ? NOT_THIS_ONE : undefined) })
    const state = new FragileState()
    const device = await world.device({ state })
    const { notes } = device
    const told: unknown[] = []
    notes.subscribe((changes) => told.push(...changes.map(({ id, after, origin }) => [id, after, origin])))
    await notes.create('bad', { title: 'One' })
    await device.sync()
    state.failOnce()
    await expect(notes.create('lost', {})).rejects.toMatchObject({ code: 'disk_full' })
    expect(told).toEqual([
      ['bad', { title: 'One' }, 'local'],
      ['bad', undefined, 'remote'],
      ['lost', {}, 'local'],
      ['lost', undefined, 'remote'],
    ])
  })

  test('tells nothing when nothing looks different', async () => {
    const { notes } = await openLocal()
    let told = 0
    notes.subscribe(() => told++)
    void notes.create('a', {})
    void notes.delete('a')
    await pause()
    expect(told).toBe(0)
  })

  test('tells of a change of metadata alone', async () => {
    const { notes } = await openLocal()
    await notes.create('a', {})
    let told = 0
    notes.subscribe(() => told++)
    await notes.updateMetadata('a', { pinned: true })
    expect(told).toBe(1)
  })

  test('ends when what it returned is called, also within a notification', async () => {
    const { notes } = await openLocal()
    const told: string[] = []
    const end = notes.subscribe(() => {
      told.push('first')
      end()
    })
    notes.subscribe(() => told.push('second'))
    await notes.create('a', {})
    await notes.create('b', {})
    expect(told).toEqual(['first', 'second', 'second'])
  })

  test('each call is a subscription of its own', async () => {
    const { notes } = await openLocal()
    let told = 0
    const listener = (): void => void told++
    const end = notes.subscribe(listener)
    notes.subscribe(listener)
    end()
    await notes.create('a', {})
    expect(told).toBe(1)
  })

  test('a listener may write; that is another notification', async () => {
    const { notes } = await openLocal()
    const told: string[][] = []
    notes.subscribe((changes) => {
      told.push(changes.map(({ id }) => id))
      if (!notes.has('b')) void notes.create('b', {})
    })
    await notes.create('a', {})
    await pause()
    expect(told).toEqual([['a'], ['b']])
  })
})

test('a listener that throws harms nobody, and its error is not swallowed', async () => {
  const { engine, notes } = await openLocal()
  const told: string[] = []
  const error = new Error('A listener failed.')
  notes.subscribe(() => {
    throw error
  })
  notes.subscribe(() => told.push('notes'))
  engine.on('change', () => {
    throw error
  })
  engine.on('change', () => told.push('change'))
  const uncaught = await uncaughtDuring(async () => {
    await notes.create('a', {})
  })
  expect(told).toEqual(['notes', 'change'])
  expect(uncaught).toEqual([error, error])
  expect(notes.size).toBe(1)
})

test('status_changed tells each change of the status, and only that', async () => {
  const { engine, notes } = await openLocal()
  const pending: number[] = []
  engine.on('status_changed', (status) => pending.push(status.pending))
  await notes.create('a', {})
  await notes.create('b', {})
  expect(pending).toEqual([1, 2])
})

test('conflict events tell when a place comes into conflict and when it is settled', async () => {
  const [a, b] = await new World().pair()
  await a.notes.create('a', { title: 'One' })
  await meet(a, b)
  const told: unknown[] = []
  b.engine.on('conflict_detected', ({ id, conflict }) => told.push(['detected', id, conflict.path]))
  b.engine.on('conflict_resolved', ({ id, conflict }) => told.push(['resolved', id, conflict.path]))
  await a.notes.update('a', { title: 'A' })
  await b.notes.update('a', { title: 'B' })
  await meet(a, b)
  await a.notes.resolve('a', { value: 'Both' })
  await meet(a, b)
  expect(told).toEqual([
    ['detected', 'a', ['title']],
    ['resolved', 'a', ['title']],
  ])
  expect(b.engine.statistics).toMatchObject({ conflictsSeen: 1, conflictsResolved: 1 })
})

test('a conflict of a document that a delete has taken out of sight is told too, and its end', async () => {
  const world = new World()
  const [a, b] = await world.pair({ notes: { strategy: 'last_write_wins' } })
  await a.notes.create('a', { title: 'One' })
  await meet(a, b)
  const told: unknown[] = []
  for (const { engine } of [a, b]) {
    engine.on('conflict_detected', ({ id, conflict }) => told.push(['detected', id, conflict.path]))
    engine.on('conflict_resolved', ({ id, conflict }) => told.push(['resolved', id, conflict.path]))
  }
  await a.notes.update('a', { title: 'A' })
  world.clock.advance(10)
  await b.notes.delete('a')
  await meet(a, b)
  expect(a.notes.get('a')).toBeUndefined()
  expect(told).toEqual([
    ['detected', 'a', []],
    ['detected', 'a', []],
  ])
  told.length = 0
  await a.notes.resolve('a', { value: { title: 'Back' } })
  await meet(a, b)
  expect(told).toEqual([
    ['resolved', 'a', []],
    ['resolved', 'a', []],
  ])
  expect(a.engine.statistics).toMatchObject({ conflictsSeen: 1, conflictsResolved: 1 })
})
