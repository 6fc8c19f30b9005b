import { describe, expect, test } from 'vitest'
import { refusal } from './testing/local.ts'
import { type Device, type DeviceOptions, type Note, World, meet } from './testing/world.ts'

/** Both devices changed the note, B later; they have met. */
async function rivals(begin: Note, ofA: Note, ofB: Note, options: DeviceOptions = {}): Promise<[Device, Device]> {
  const world = new World()
  const [a, b] = await world.pair(options)
  await a.notes.create('a', begin)
  await meet(a, b)
  await a.notes.update('a', ofA)
  world.clock.advance(10)
  await b.notes.update('a', ofB)
  await meet(a, b)
  return [a, b]
}

const open = ({ notes }: Device): unknown =>
  notes.conflicts().map(({ path, values }) => [path, values.map(({ value }) => value)])

test('keepBoth at a second place of the same rival makes another document, and no value is lost', async () => {
  const [a, b] = await rivals({ title: '0', body: '0' }, { title: 'A1', body: 'A2' }, { title: 'B1', body: 'B2' })
  await a.notes.resolve('a', { path: ['title'], keepBoth: true })
  await a.notes.resolve('a', { path: ['body'], keepBoth: true })
  await meet(a, b)
  for (const device of [a, b]) {
    const values = device.notes.list().map(({ value }) => `${value.title} ${value.body}`)
    expect(values.sort()).toEqual(['A1 B2', 'B1 A2', 'B1 B2'])
    expect(device.notes.conflicts()).toEqual([])
  }
})

test('keepBoth at a place with an open conflict within is ambiguous_conflict, and no value is lost', async () => {
  const world = new World()
  const [a, b, c] = await world.trio({ notes: { strategy: 'manual' } })
  await a.notes.create('a', { place: { city: '0' } })
  await meet(a, b, c)
  await a.notes.update('a', { place: undefined })
  await b.notes.update('a', { place: { city: 'B' } })
  await c.notes.update('a', { place: { city: 'C' } })
  await meet(a, b, c)
  const before = open(a)
  const places = a.notes.conflicts().map(({ path }) => path)
  expect(places).toEqual([['place', 'city'], ['place']])
  expect((await refusal(a.notes.resolve('a', { path: ['place'], keepBoth: true }))).code).toBe('ambiguous_conflict')
  expect(open(a)).toEqual(before)
  await a.notes.resolve('a', { path: ['place', 'city'], keepBoth: true })
  expect(open(a)).toEqual([])
  const cities = a.notes.list().map(({ value }) => value.place?.city)
  expect(new Set(cities)).toEqual(new Set(['B', 'C']))
})

test('manual: an edit below an open conflict keeps the other value listed', async () => {
  const text = { place: 'a whole text' } as unknown as Note
  const notes = { strategy: 'manual' } as const
  const [a, b] = await rivals({ place: { city: 'One' } }, text, { place: { city: 'B' } }, { notes })
  expect(open(a)).toEqual([[['place'], ['a whole text', { city: 'B' }]]])
  await b.notes.update('a', { place: { city: 'C' } })
  await meet(b, a)
  for (const device of [a, b]) {
    expect(device.notes.get('a')).toEqual({ place: { city: 'C' } })
    expect(open(device)).toEqual([[['place'], ['a whole text', { city: 'C' }]]])
  }
})

test('manual: an edit of other fields leaves nothing of them behind, though one write gave them and what is in conflict', async () => {
  const notes = { strategy: 'manual' } as const
  const world = new World()
  const [a, b] = await world.pair({ notes })
  await a.notes.create('a', { title: 'A', place: { city: 'A' } })
  world.clock.advance(10)
  await b.notes.create('a', { title: 'B' })
  await meet(a, b)
  await b.notes.set('a', { title: 'C' })
  await meet(b, a)
  for (const device of [a, b]) {
    expect(device.notes.get('a')).toEqual({ title: 'C' })
    expect(open(device)).toEqual([[['title'], ['A', 'C']]])
  }
})

test('manual: what is removed with a place in which something is in conflict is not listed there again', async () => {
  const place = { city: 'A', street: 'A' }
  const [a, b] = await rivals({}, { place }, { place: { city: 'B' } }, { notes: { strategy: 'manual' } })
  expect(a.notes.get('a')).toEqual({ place: { city: 'B', street: 'A' } })
  await b.notes.set('a', { title: 'C' })
  await meet(b, a)
  for (const device of [a, b]) expect(open(device)).toEqual([[['place'], [{ city: 'A' }, undefined]]])
  await a.notes.resolve('a', { path: ['place'], value: { city: 'D' } })
  await meet(a, b)
  for (const device of [a, b]) {
    expect(device.notes.get('a')).toEqual({ title: 'C', place: { city: 'D' } })
    expect(open(device)).toEqual([])
  }
})

test('manual: a place that goes takes along what was shown in it, also where that same write is in conflict beside it', async () => {
  const world = new World()
  const [a, b, c] = await world.trio({ notes: { strategy: 'manual' } })
  await a.notes.create('a', { place: { city: 'A', street: 'A' } })
  await meet(a, c)
  world.clock.advance(10)
  await b.notes.create('a', { place: { city: 'B', street: 'B' } })
  world.clock.advance(10)
  await c.notes.update('a', { place: { city: 'C', street: 'A' } })
  await meet(a, b, c)
  expect(open(a)).toEqual([
    [
      ['place', 'city'],
      ['B', 'C'],
    ],
    [
      ['place', 'street'],
      ['A', 'B'],
    ],
  ])
  await a.notes.set('a', { title: 'D' })
  await meet(a, b, c)
  for (const device of [a, b, c]) {
    expect(device.notes.get('a')?.title).toBe('D')
    expect(open(device)).toEqual([
      [
        ['place', 'city'],
        ['B', undefined],
      ],
      [
        ['place', 'street'],
        ['A', undefined],
      ],
      [['place'], [{ city: 'B', street: 'A' }, undefined]],
    ])
  }
})

describe('a resolution', () => {
  const deep = (levels: number): object => (levels > 0 ? { d: deep(levels - 1) } : {})

  test('with a value too deep for its place is refused, and the store stays sound', async () => {
    const [a] = await rivals({ place: { city: '0' } }, { place: { city: 'A' } }, { place: { city: 'B' } })
    const before = open(a)
    const error = await refusal(a.notes.resolve('a', { path: ['place', 'city'], value: deep(63) as never }))
    expect(error.code).toBe('invalid_value')
    expect([open(a), a.engine.status.pending, a.engine.status.rejected]).toEqual([before, 0, 0])
    await a.sync()
    expect(open(await a.reopen())).toEqual(before)
  })

  test('that makes the document too large is refused where it is written', async () => {
    const begin = { title: '0', body: 'b'.repeat(600) }
    const [a] = await rivals(begin, { title: 'A' }, { title: 'B' }, { limits: { documentBytes: 1000 } })
    const before = open(a)
    expect((await refusal(a.notes.resolve('a', { value: 'v'.repeat(600) }))).code).toBe('document_too_large')
    expect([open(a), a.engine.status.pending]).toEqual([before, 0])
    await a.notes.resolve('a', { value: 'Settled' })
    expect(open(a)).toEqual([])
  })

  test('that does not say exactly one of pick, value and keepBoth is invalid_options and changes nothing', async () => {
    const [a] = await rivals({ title: '0' }, { title: 'A' }, { title: 'B' })
    const before = [a.notes.get('a'), open(a)]
    const wrong: unknown[] = [
      undefined,
      null,
      'B',
      {},
      { path: ['title'] },
      { vlaue: 'C' },
      { value: 'C', reason: 'typo' },
      { value: 'C', keepBoth: true },
      { pick: 'x:1', value: 'C' },
      { value: 'C', path: 'title' },
      { value: 'C', path: [0] },
      { keepBoth: false },
      { keepBoth: undefined },
      { keepBoth: 'x' },
      { pick: undefined },
    ]
    for (const resolution of wrong) {
      const error = await refusal(a.notes.resolve('a', resolution as never))
      expect([resolution, error.code, typeof error.fix]).toEqual([resolution, 'invalid_options', 'string'])
      expect([a.notes.get('a'), open(a)]).toEqual(before)
    }
    expect(a.engine.status.pending).toBe(0)
  })
})
