import { describe, expect, test } from 'vitest'
import { FragileState } from './testing/fragile-state.ts'
import { openLocal, refusal } from './testing/local.ts'
import { pause } from './testing/world.ts'

describe('all writes of one tick', () => {
  test('are one transaction', async () => {
    const state = new FragileState()
    const { notes } = await openLocal(state)
    const before = state.commits.length
    await Promise.all([
      notes.create('a', {}),
      notes.create('b', {}),
      notes.update('a', { title: 'One' }),
      notes.updateMetadata('b', { pinned: true }),
    ])
    expect(state.commits.length - before).toBe(1)
    expect(state.commits.at(-1)?.outbox).toHaveLength(4)
  })

  test('are one notification of each collection, and one change event', async () => {
    const { engine, notes } = await openLocal()
    const told: unknown[] = []
    notes.subscribe((changes) => told.push(changes.map(({ id, before, after, origin }) => [id, before, after, origin])))
    engine.on('change', (changes) => told.push(changes.map(({ collection, id }) => `${collection}/${id}`)))
    void notes.create('a', { title: 'One' })
    void notes.update('a', { title: 'Two' })
    void notes.create('b', {})
    void engine.collection('drafts').create('c', {})
    await pause()
    expect(told).toEqual([
      [
        ['a', undefined, { title: 'Two' }, 'local'],
        ['b', undefined, {}, 'local'],
      ],
      ['notes/a', 'notes/b', 'drafts/c'],
    ])
  })
})

test('a transaction holds the operation, the counter and the clock', async () => {
  const state = new FragileState()
  const { notes } = await openLocal(state)
  await notes.create('a', { title: 'One' })
  const { outbox, records, documents } = state.commits.at(-1) ?? {}
  expect(outbox).toHaveLength(1)
  expect(JSON.parse(records?.find(([name]) => name === 'slot:0')?.[1] ?? '')).toMatchObject({
    counter: 1,
    clock: expect.any(Number),
  })
  expect(documents).toEqual([])
})

test('a write is seen at once and resolves only when it is on disk', async () => {
  const state = new FragileState()
  const { notes } = await openLocal(state)
  const { promise, resolve } = Promise.withResolvers<void>()
  state.gate = () => promise
  let isDone = false
  const write = notes.create('a', { title: 'One' }).then(() => (isDone = true))
  expect(notes.get('a')).toEqual({ title: 'One' })
  await pause(5)
  expect(isDone).toBe(false)
  resolve()
  await write
  expect(state.commits.at(-1)?.outbox).toHaveLength(1)
})

test('what is written while a transaction runs goes into the next, in order', async () => {
  const state = new FragileState()
  const { notes } = await openLocal(state)
  const { promise, resolve } = Promise.withResolvers<void>()
  state.gate = () => promise
  const order: string[] = []
  const first = notes.create('a', {}).then(() => order.push('a'))
  await pause()
  const second = notes.create('b', {}).then(() => order.push('b'))
  await pause()
  const third = notes.create('c', {}).then(() => order.push('c'))
  await pause()
  const before = state.commits.length
  resolve()
  await Promise.all([first, second, third])
  expect(order).toEqual(['a', 'b', 'c'])
  expect(state.commits.slice(before).map(({ outbox }) => outbox.map(([position]) => position))).toEqual([[1], [2, 3]])
})

describe('a batch', () => {
  test('is one transaction and one notification', async () => {
    const state = new FragileState()
    const { engine, notes } = await openLocal(state)
    const before = state.commits.length
    let told = 0
    notes.subscribe(() => told++)
    await engine.batch(() => {
      void notes.create('a', {})
      void notes.create('b', {})
      expect(notes.size).toBe(2)
    })
    expect([state.commits.length - before, told, notes.size]).toEqual([1, 1, 2])
  })

  test('is undone whole when one of its writes is refused', async () => {
    const state = new FragileState()
    const { engine, notes } = await openLocal(state)
    await notes.create('a', { title: 'One' })
    const before = state.commits.length
    let told = 0
    notes.subscribe(() => told++)
    const inside: Promise<unknown>[] = []
    const batch = engine.batch(() => {
      inside.push(notes.update('a', { title: 'Two' }))
      inside.push(notes.update('missing', {}))
      inside.push(notes.create('b', {}))
      expect(notes.get('a')).toEqual({ title: 'Two' })
    })
    expect((await refusal(batch)).code).toBe('document_not_found')
    expect([notes.get('a'), notes.size, engine.status.pending]).toEqual([{ title: 'One' }, 1, 1])
    for (const write of inside) expect((await refusal(write)).code).toBe('document_not_found')
    await pause()
    expect([told, state.commits.length - before]).toEqual([0, 0])
  })

  test('is undone whole when its function throws, and rejects with that', async () => {
    const { engine, notes } = await openLocal()
    const thrown = new Error('No.')
    const batch = engine.batch(() => {
      void notes.create('a', {})
      throw thrown
    })
    await expect(batch).rejects.toBe(thrown)
    expect([notes.size, engine.status.pending]).toEqual([0, 0])
  })

  test('that failed leaves the next write its names', async () => {
    const { engine, notes } = await openLocal()
    await refusal(
      engine.batch(() => {
        void notes.create('a', {})
        throw new Error('No.')
      }),
    )
    await notes.create('b', { title: 'Two' })
    expect([notes.list().map(({ id }) => id), engine.status.pending]).toEqual([['b'], 1])
  })

  test('refuses a function that is not done when it returns, and a batch within it', async () => {
    const { engine, notes } = await openLocal()
    const writes = async (): Promise<void> => notes.create('a', {})
    expect((await refusal(engine.batch(writes as () => void))).code).toBe('invalid_options')
    const nested = engine.batch(() => {
      void engine.batch(() => {})
    })
    expect((await refusal(nested)).code).toBe('invalid_options')
    expect(notes.size).toBe(0)
  })

  test('that writes nothing resolves', async () => {
    const { engine } = await openLocal()
    await expect(engine.batch(() => {})).resolves.toBeUndefined()
  })
})
