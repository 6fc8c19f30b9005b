import { describe, expect, test } from 'vitest'
import { openLocal, refusal, uncaughtDuring } from './testing/local.ts'
import { FragileState } from './testing/fragile-state.ts'
import { World, pause } from './testing/world.ts'
import { memoryState } from './memory-state.ts'
import { SyncEngine } from './sync-engine.ts'

test('an engine opened again on its store shows the same', async () => {
  const state = memoryState()
  const { engine, notes } = await openLocal(state)
  await notes.create('a', { title: 'One', place: { city: 'Bonn' } })
  await notes.update('a', { title: 'Two' })
  await notes.updateMetadata('a', { pinned: true })
  await notes.create('b', {})
  await notes.delete('b')
  const { id } = engine.device
  const { pending } = engine.status
  const shown = notes.list()
  await engine.close()
  const again = await openLocal(state)
  expect(again.notes.list()).toEqual(shown)
  expect([again.engine.device.id, again.engine.status.pending]).toEqual([id, pending])
})

test('a store holds several spaces, each on its own', async () => {
  const state = memoryState()
  const collections = { notes: {} }
  const one = await SyncEngine.open({ space: 'one', collections, state })
  const two = await SyncEngine.open({ space: 'two', collections, state })
  await one.collection('notes').create('a', {})
  expect([one.collection('notes').size, two.collection('notes').size]).toEqual([1, 0])
  expect(one.device.id).toBe(two.device.id)
})

test('a collection that is not configured is kept and synced, and shown when it is configured', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await a.drafts.create('d', { title: 'Draft' })
  await a.sync()
  const state = memoryState()
  const narrow = await SyncEngine.open({ space: 'shared', collections: { notes: {} }, state, transport: a.link })
  expect((await narrow.syncNow()).ok).toBe(true)
  expect(() => narrow.collection('drafts' as 'notes')).toThrow(
    expect.objectContaining({ code: 'unknown_collection' }) as Error,
  )
  const store = await narrow
    .close()
    .then(() => SyncEngine.open({ space: 'shared', collections: { drafts: {} }, state }))
  expect(store.collection('drafts').get('d')).toEqual({ title: 'Draft' })
  await b.sync()
  expect(b.drafts.get('d')).toEqual({ title: 'Draft' })
})

describe('close', () => {
  test('waits for what is being written, and refuses everything after', async () => {
    const state = memoryState()
    const { engine, notes } = await openLocal(state)
    const written = notes.create('a', {})
    await engine.close()
    await written
    await engine.close()
    expect((await refusal(notes.create('b', {}))).code).toBe('closed')
    expect((await refusal(engine.batch(() => {}))).code).toBe('closed')
    expect((await refusal(engine.synced())).code).toBe('closed')
    expect(await engine.syncNow()).toMatchObject({ ok: false, error: { code: 'closed' } })
    for (const read of [
      () => notes.get('a'),
      () => notes.list(),
      () => notes.conflicts(),
      () => notes.size,
      () => engine.start(),
    ]) {
      expect(read).toThrow(expect.objectContaining({ code: 'closed' }) as Error)
    }
    expect((await openLocal(state)).notes.size).toBe(1)
  })

  test('gets a write on disk that was made while it waited', async () => {
    const state = new FragileState()
    const { engine, notes } = await openLocal(state)
    const { promise, resolve } = Promise.withResolvers<void>()
    state.gate = () => promise
    const first = notes.create('a', {})
    const closing = engine.close()
    await pause()
    const second = notes.create('b', {})
    resolve()
    await Promise.all([first, second, closing])
    expect((await openLocal(state)).notes.size).toBe(2)
  })

  test('rejects what waits for an acknowledgement, and is no unhandled rejection where nobody does', async () => {
    const { engine, notes } = await openLocal()
    const uncaught = await uncaughtDuring(async () => {
      const write = notes.create('a', {})
      const read = notes.create('b', {}).acknowledged
      await write
      void notes.create('c', {}).acknowledged
      await pause()
      await engine.close()
      expect((await refusal(write.acknowledged)).code).toBe('closed')
      expect((await refusal(read)).code).toBe('closed')
    })
    expect(uncaught).toEqual([])
  })

  test('is what `await using` does', async () => {
    const state = memoryState()
    const { notes } = await (async () => {
      const opened = await openLocal(state)
      await using engine = opened.engine
      expect(engine.status.state).toBe('stopped')
      return opened
    })()
    expect(() => notes.size).toThrow(expect.objectContaining({ code: 'closed' }) as Error)
  })

  test('ends a round that waits for its answer', async () => {
    const device = await new World().device()
    const { promise } = Promise.withResolvers<void>()
    device.link.before = () => promise
    const round = device.engine.syncNow()
    await pause()
    const closing = device.engine.close()
    device.link.before = () => {}
    await Promise.race([closing, pause(500)])
    expect(() => device.notes.size).toThrow(expect.objectContaining({ code: 'closed' }) as Error)
    expect(await round).toMatchObject({ ok: false, error: { code: 'aborted' } })
  })
})

describe('destroy', () => {
  test('refuses while work is pending, and then nothing has changed', async () => {
    const { engine, notes } = await openLocal()
    await notes.create('a', {})
    expect((await refusal(engine.destroy())).code).toBe('pending_work')
    await notes.create('b', {})
    expect(notes.size).toBe(2)
  })

  test('with discardPending removes the space from this device', async () => {
    const state = memoryState()
    const { engine, notes } = await openLocal(state)
    await notes.create('a', {})
    await engine.destroy({ discardPending: true })
    expect((await refusal(notes.create('b', {}))).code).toBe('closed')
    expect((await openLocal(state)).notes.size).toBe(0)
  })

  test('needs no leave when everything is on the server, and a new engine fetches it again', async () => {
    const device = await new World().device()
    await device.notes.create('a', { title: 'One' })
    await device.sync()
    await device.engine.destroy()
    const again = await device.reopen()
    expect(again.notes.size).toBe(0)
    await again.sync()
    expect(again.notes.get('a')).toEqual({ title: 'One' })
  })
})

test('without a transport, syncing says so', async () => {
  const { engine } = await openLocal()
  engine.start()
  expect(await engine.syncNow()).toMatchObject({ ok: false, error: { code: 'no_transport' } })
  expect((await refusal(engine.synced())).code).toBe('no_transport')
  expect(engine.status).toMatchObject({ state: 'stopped', pending: 0, conflicts: 0, rejected: 0, everSynced: false })
})

test('opening never touches the network', async () => {
  const world = new World()
  const device = await world.device()
  device.link.isDown = true
  let requests = 0
  device.link.before = () => void requests++
  const again = await device.reopen()
  await again.notes.create('a', {})
  await pause(5)
  expect([requests, again.link.pages.length]).toEqual([0, 0])
})
