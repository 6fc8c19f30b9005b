import { SyncError, encodeStoredEntry, isVoid } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { FragileState } from './testing/fragile-state.ts'
import { openLocal, refusal, uncaughtDuring } from './testing/local.ts'
import { seededRandom } from './testing/seeded-random.ts'
import { World, pause } from './testing/world.ts'

describe('a commit that fails', () => {
  test('rejects the write, and memory returns to the store', async () => {
    const state = new FragileState()
    const { engine, notes } = await openLocal(state)
    await notes.create('a', { title: 'One' })
    state.failOnce()
    const write = notes.update('a', { title: 'Two' })
    expect(notes.get('a')).toEqual({ title: 'Two' })
    expect((await refusal(write)).code).toBe('disk_full')
    expect([notes.get('a'), engine.status.pending]).toEqual([{ title: 'One' }, 1])
  })

  test('fails every write that was queued behind it', async () => {
    const state = new FragileState()
    const { notes } = await openLocal(state)
    const { promise, resolve } = Promise.withResolvers<void>()
    state.failOnce()
    state.gate = () => promise
    const first = notes.create('a', {})
    await pause()
    const second = notes.create('b', {})
    await pause()
    const third = notes.create('c', {})
    resolve()
    expect((await refusal(first)).code).toBe('disk_full')
    expect((await refusal(second)).code).toBe('disk_full')
    expect((await refusal(third)).code).toBe('disk_full')
    expect(notes.size).toBe(0)
  })

  test('fails a write made while memory returns to the store', async () => {
    const state = new FragileState()
    const { notes } = await openLocal(state)
    const { promise, resolve } = Promise.withResolvers<void>()
    state.failOnce()
    state.loadGate = promise
    const first = notes.create('a', {})
    await pause()
    const second = notes.create('b', {})
    await pause()
    resolve()
    expect((await refusal(first)).code).toBe('disk_full')
    expect((await refusal(second)).code).toBe('disk_full')
    expect(notes.size).toBe(0)
  })

  test('never says of a write that it is durable when it is not', async () => {
    for (let steps = 0; steps < 40; steps++) {
      const state = new FragileState()
      const { notes } = await openLocal(state)
      state.failOnce()
      const told = new Map<string, boolean>()
      const note = (id: string, write: Promise<unknown>): Promise<void> =>
        write.then(
          () => void told.set(id, true),
          () => void told.set(id, false),
        )
      const writes = [note('a', notes.create('a', {}))]
      for (let step = 0; step < steps; step++) await Promise.resolve()
      writes.push(note('b', notes.create('b', {})))
      await Promise.resolve()
      writes.push(note('c', notes.create('c', {})))
      await Promise.all(writes)
      for (const [id, isDurable] of told) expect([steps, id, notes.has(id)]).toEqual([steps, id, isDurable])
      expect(told.get('a')).toBe(false)
    }
  })

  test('is told to the app by the change that takes the write back', async () => {
    const state = new FragileState()
    const { notes } = await openLocal(state)
    const told: unknown[] = []
    notes.subscribe((changes) => told.push(...changes.map(({ id, before, after }) => [id, before, after])))
    state.failOnce()
    await refusal(notes.create('a', { title: 'One' }))
    expect(told).toEqual([
      ['a', undefined, { title: 'One' }],
      ['a', { title: 'One' }, undefined],
    ])
  })

  test('does no harm to what is written afterwards', async () => {
    const state = new FragileState()
    const { engine, notes } = await openLocal(state)
    await notes.create('a', { title: 'One' })
    state.failOnce()
    await refusal(notes.update('a', { title: 'Two' }))
    await notes.update('a', { title: 'Three' })
    await notes.create('b', {})
    const shown = notes.list()
    await engine.close()
    expect((await openLocal(state)).notes.list()).toEqual(shown)
  })

  test('is no unhandled rejection where only the acknowledgement was read', async () => {
    const state = new FragileState()
    const { notes } = await openLocal(state)
    state.failOnce()
    const uncaught = await uncaughtDuring(async () => {
      const { acknowledged } = notes.create('a', {})
      expect((await refusal(acknowledged)).code).toBe('disk_full')
    })
    expect(uncaught).toEqual([])
  })

  test('takes a whole batch back', async () => {
    const state = new FragileState()
    const { engine, notes } = await openLocal(state)
    state.failOnce()
    const inside: Promise<unknown>[] = []
    const batch = engine.batch(() => {
      inside.push(notes.create('a', {}), notes.create('b', {}))
    })
    expect((await refusal(batch)).code).toBe('disk_full')
    for (const write of inside) expect((await refusal(write)).code).toBe('disk_full')
    expect(notes.size).toBe(0)
  })

  test('of a store that cannot even be read goes on failing until it can, and then the store is right', async () => {
    const state = new FragileState()
    const { engine, notes } = await openLocal(state)
    await notes.create('a', { title: 'One' })
    state.failOnce()
    state.loadGate = Promise.reject(new SyncError('store_failed', 'The disk is gone.'))
    state.loadGate.catch(() => {})
    expect((await refusal(notes.create('b', {}))).code).toBe('disk_full')
    expect((await refusal(notes.create('c', {}))).code).toBe('disk_full')
    state.loadGate = undefined
    expect((await refusal(notes.create('d', {}))).code).toBe('disk_full')
    await notes.create('e', {})
    expect(notes.list().map(({ id }) => id)).toEqual(['a', 'e'])
    await engine.close()
    expect((await openLocal(state)).notes.list().map(({ id }) => id)).toEqual(['a', 'e'])
  })
})

describe('a commit that fails during a round', () => {
  test('of a receipt: the operations are sent again, taken once, and acknowledged', async () => {
    const world = new World()
    const state = new FragileState()
    const device = await world.device({ state })
    const other = await world.device()
    await device.sync()
    const write = device.notes.create('a', { title: 'One' })
    await write
    device.link.after = (kind) => {
      if (kind === 'push') state.failOnce()
      device.link.after = () => {}
    }
    expect(await device.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'disk_full' } })
    expect(device.engine.status.pending).toBe(1)
    await device.sync()
    await write.acknowledged
    await other.sync()
    expect(other.notes.list()).toMatchObject([{ id: 'a', value: { title: 'One' }, conflicts: [] }])
    expect(device.engine.status.pending).toBe(0)
  })

  test('of a page: it is fetched again', async () => {
    const world = new World()
    const state = new FragileState()
    const device = await world.device({ state })
    const other = await world.device()
    await other.notes.create('a', { title: 'One' })
    await other.sync()
    await device.sync()
    await other.notes.create('b', { title: 'Two' })
    await other.sync()
    device.link.after = (kind) => {
      if (kind === 'pull') state.failOnce()
      device.link.after = () => {}
    }
    expect(await device.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'disk_full' } })
    expect(device.notes.size).toBe(1)
    await device.sync()
    expect(device.notes.size).toBe(2)
  })

  test('of any page of several: it and those after it are fetched again, and what was asked for meanwhile is not taken', async () => {
    for (let failing = 0; failing < 6; failing++) {
      const world = new World()
      const state = new FragileState()
      const device = await world.device({ state, limits: { pageRows: 2 } })
      const other = await world.device()
      for (let index = 0; index < 10; index++) await other.notes.create(`n${index}`, { count: index })
      await other.sync()
      state.failOnce(failing)
      const uncaught = await uncaughtDuring(async () => {
        expect(await device.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'disk_full' } })
      })
      const stored = device.notes.size
      expect([failing, stored < 10, uncaught]).toEqual([failing, true, []])
      device.link.pages.length = 0
      await device.sync()
      expect(device.notes.list()).toEqual(other.notes.list())
      expect(device.link.pages.flatMap(({ rows }) => rows).length).toBe(10 - stored)
    }
  })
})

test('an operation is sent only when it is on disk, and only as it is there', async () => {
  const world = new World()
  const state = new FragileState()
  const device = await world.device({ state })
  await device.sync()
  await device.notes.create('a', {})
  // Commits that take a while, so that some are always under way.
  state.gate = async () => pause()
  let pushes = 0
  device.link.before = (_, push) => {
    const outbox = new Map(state.commits.flatMap((commit) => commit.outbox))
    if (push) pushes++
    for (const entry of push?.entries ?? []) {
      if (isVoid(entry)) continue
      expect([...outbox.values()]).toContain(JSON.stringify(encodeStoredEntry(entry)))
    }
  }
  const writing = { isDone: false }
  const rounds = (async () => {
    while (!writing.isDone) await device.sync()
  })()
  const random = seededRandom(7)
  const writes: Promise<void>[] = []
  for (let edit = 0; edit < 600; edit++) {
    writes.push(device.notes.update('a', { [random.pick(['title', 'body'])]: `edit ${edit}`, count: edit }))
    for (let step = random.below(12); step > 0; step--) await Promise.resolve()
    if (random.chance(0.2)) await pause()
  }
  await Promise.all(writes)
  writing.isDone = true
  await rounds
  await device.sync()
  expect(pushes).toBeGreaterThan(3)
  const other = await world.device()
  await other.sync()
  expect(other.notes.get('a')).toEqual(device.notes.get('a'))
})

test('a write that a later one would have overtaken is acknowledged, though the later one did not get on disk', async () => {
  const state = new FragileState()
  const device = await new World().device({ state })
  await device.notes.create('n', { title: 't' })
  await device.sync()
  const first = device.notes.update('n', { body: 'one' })
  const { acknowledged } = first
  await first
  state.failOnce()
  await refusal(device.notes.update('n', { body: 'two' }))
  await device.sync()
  await expect(acknowledged).resolves.toBeUndefined()
})

describe('a value that was read while it showed a write that did not get on disk', () => {
  test('stands for nothing that was written later: an edit made from it is merged with that', async () => {
    const state = new FragileState()
    const { notes } = await openLocal(state)
    await notes.create('n', { title: '0', body: '0' })
    state.failOnce()
    const refused = refusal(notes.update('n', { body: 'lost' }))
    const form = notes.get('n')
    await refused
    await notes.update('n', { title: 'later' })
    await notes.set('n', { ...form, title: 'from the form' }, { read: form })
    expect(notes.conflicts().map(({ path, values }) => [path, values.map(({ value }) => value)])).toEqual([
      [['title'], ['later', 'from the form']],
    ])
  })

  test('nor does one that was read in a batch that was undone', async () => {
    const { engine, notes } = await openLocal()
    await notes.create('n', { title: '0', body: '0' })
    const forms: ReturnType<typeof notes.get>[] = []
    await refusal(
      engine.batch(() => {
        void notes.update('n', { body: 'lost' })
        forms.push(notes.get('n'))
        throw new Error('Not this time.')
      }),
    )
    await notes.update('n', { title: 'later' })
    await notes.set('n', { ...forms[0], title: 'from the form' }, { read: forms[0] })
    expect(notes.conflicts().map(({ path }) => path)).toEqual([['title']])
  })
})
