import type { StateStore } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { memoryState } from './memory-state.ts'
import { FragileState } from './testing/fragile-state.ts'
import { type Device, World, passing, pause, until } from './testing/world.ts'
import type { DocumentChange } from './events.ts'

/** Two openings of one store, and a device elsewhere. */
async function openTwice(world: World = new World()): Promise<{ world: World; a: Device; b: Device; other: Device }> {
  const state = memoryState()
  const a = await world.device({ state })
  const b = await world.device({ state })
  return { world, a, b, other: await world.device() }
}

/** A store whose lock of the lead lies: a lock that was stolen. */
function leading(inner: StateStore): FragileState {
  const state = new FragileState(inner)
  state.lead = async () => true
  return state
}

test('both write at once, and each sees what the other wrote', async () => {
  const { a, b } = await openTwice()
  const seen: (readonly DocumentChange[])[] = []
  b.engine.on('change', (changes) => seen.push(changes))
  await Promise.all([a.notes.create('one', { title: 'A' }), b.notes.create('two', { title: 'B' })])
  await until(() => a.notes.size === 2 && b.notes.size === 2)
  expect(a.notes.list()).toEqual(b.notes.list())
  expect(seen.flat().map(({ id, origin }) => [id, origin])).toEqual(
    expect.arrayContaining([
      ['two', 'local'],
      ['one', 'remote'],
    ]),
  )
  expect([a.engine.status.pending, b.engine.status.pending]).toEqual([2, 2])
})

test('what one wrote on what the other wrote stands on it, and is later', async () => {
  const { a, b, other } = await openTwice()
  await a.notes.create('n', { title: 'A' })
  await until(() => b.notes.has('n'))
  await b.notes.update('n', { title: 'B' })
  await a.sync()
  await other.sync()
  expect([other.notes.get('n'), other.notes.conflicts()]).toEqual([{ title: 'B' }, []])
})

test('what both wrote unaware of each other is a conflict, on this device as on any other', async () => {
  const { a, b, other } = await openTwice()
  await a.notes.create('n', { title: 'old' })
  await until(() => b.notes.has('n'))
  await Promise.all([a.notes.update('n', { title: 'A' }), b.notes.update('n', { title: 'B' })])
  await a.sync()
  await other.sync()
  await until(() => b.engine.status.pending === 0)
  expect(other.notes.conflicts()).toHaveLength(1)
  expect([a.notes.conflicts(), b.notes.conflicts()]).toEqual([other.notes.conflicts(), other.notes.conflicts()])
})

test('what one that is gone left in the outbox is sent by the other', async () => {
  const { a, b, other } = await openTwice()
  await a.notes.create('n', { title: 'A' })
  await until(() => b.notes.has('n'))
  await a.engine.close()
  await b.sync()
  await other.sync()
  expect(other.notes.get('n')).toEqual({ title: 'A' })
})

test('one of them at a time talks to the server, for both', async () => {
  const { world, a, b, other } = await openTwice()
  a.engine.start()
  await passing(world, a.engine.synced())
  b.engine.start()
  const { acknowledged } = b.notes.create('n', { title: 'B' })
  await passing(world, acknowledged)
  await passing(world, b.engine.synced())
  expect(await passing(world, b.engine.syncNow())).toMatchObject({ ok: true })
  expect([b.link.pushes, b.link.pages]).toEqual([[], []])
  await other.sync()
  expect(other.notes.get('n')).toEqual({ title: 'B' })
  expect([a.engine.status.state, b.engine.status.state]).toEqual(['idle', 'idle'])
})

test('the other takes over when the one that talks to the server stops or closes', async () => {
  const { world, a, b, other } = await openTwice()
  a.engine.start()
  b.engine.start()
  await passing(world, a.engine.synced())
  for (const end of [async () => a.engine.stop(), async () => a.engine.close()]) {
    await end()
    const { acknowledged } = b.notes.add({ title: 'B' })
    await passing(world, acknowledged)
  }
  await other.sync()
  expect(other.notes.size).toBe(2)
})

test('what is refused is told to the one that wrote it, and to the other', async () => {
  const world = new World({
    validate: (operation) => (operation.document === 'bad' ? { code: 'no', message: 'Not this one.' } : undefined),
  })
  const { a, b } = await openTwice(world)
  const { acknowledged } = b.notes.create('bad', { title: 'B' })
  await b.notes.create('good', { title: 'B' })
  await until(() => a.notes.size === 2)
  await a.sync()
  await expect(acknowledged).rejects.toMatchObject({ code: 'operation_rejected' })
  await until(() => b.engine.rejected.list().length === 1)
  expect([a.notes.has('bad'), b.notes.has('bad'), b.notes.has('good')]).toEqual([false, false, true])
  await b.engine.rejected.discard(b.engine.rejected.list()[0]?.id ?? '')
  await until(() => a.engine.rejected.list().length === 0)
})

test('whoever waits until all is synced waits for what another has stored, also if it was not told of that yet', async () => {
  const inner = memoryState()
  const state = new FragileState(inner)
  state.isDeaf = true
  const world = new World()
  const [a, b] = [await world.device({ state }), await world.device({ state: inner })]
  await a.sync()
  await b.notes.create('n', { title: 'B' })
  await pause()
  expect(a.notes.has('n')).toBe(false)
  await a.sync()
  expect([a.notes.has('n'), a.engine.status.pending]).toEqual([true, 0])
})

test('what another let go of before its author looked is told to its author as refused', async () => {
  for (const letGo of ['retry', 'discard'] as const) {
    let isPardoned = false
    const world = new World({ validate: () => (isPardoned ? undefined : { code: 'no', message: 'Not yet.' }) })
    const inner = memoryState()
    const state = new FragileState(inner)
    const [author, other] = [await world.device({ state }), await world.device({ state: inner })]
    await other.sync()
    const { acknowledged } = author.notes.create('n', { title: 'A' })
    await until(() => other.notes.has('n'))
    state.failingChanges = Infinity
    await other.sync()
    isPardoned = true
    await other.engine.rejected[letGo](other.engine.rejected.list()[0]?.id ?? '')
    await other.sync()
    state.failingChanges = 0
    world.clock.advance(1000)
    await expect(acknowledged).rejects.toMatchObject({
      code: 'operation_rejected',
      details: { reason: { code: 'no', message: 'Not yet.' } },
    })
    expect([author.notes.has('n'), author.engine.status.rejected]).toEqual([letGo === 'retry', 0])
  }
})

test('what another wrote or let go of is told to come from elsewhere, also beside a write of one’s own', async () => {
  const { a, b } = await openTwice()
  await a.notes.create('n', { title: 'old' })
  await until(() => b.notes.has('n'))
  const told: unknown[] = []
  b.engine.on('change', (changes) => told.push(...changes.map(({ after, origin }) => [after, origin])))
  await Promise.all([a.notes.update('n', { title: 'A' }), b.notes.update('n', { body: 'B' })])
  await until(() => b.notes.get('n')?.title === 'A')
  expect(told).toEqual([
    [{ title: 'old', body: 'B' }, 'local'],
    [{ title: 'A', body: 'B' }, 'remote'],
  ])
})

test('new names that one gives to everything pending hold for the other, and for what it has read', async () => {
  const { world, a, b, other } = await openTwice()
  await a.sync()
  await b.notes.create('n', { title: 'B', body: 'b' })
  const read = b.notes.get('n')
  await until(() => a.notes.has('n'))
  world.restart()
  await a.sync()
  await until(() => b.engine.status.pending === 0)
  await b.notes.set('n', { title: 'B', body: 'c' }, { read })
  await b.sync()
  await other.sync()
  expect([other.notes.get('n'), other.notes.conflicts()]).toEqual([{ title: 'B', body: 'c' }, []])
})

test('writers that had not seen each other do not look as if they had, after all got new names', async () => {
  const { world, a, b, other } = await openTwice()
  await a.notes.create('n', { title: 'old' })
  await a.sync()
  await until(() => b.engine.status.pending === 0)
  await Promise.all([a.notes.update('n', { title: 'A' }), b.notes.update('n', { title: 'B' })])
  await b.notes.update('n', { body: 'B' })
  world.restart()
  await a.sync()
  await other.sync()
  expect(other.notes.conflicts()).toHaveLength(1)
})

test('a clock that ran ahead is set right for both', async () => {
  const { world, a, b, other } = await openTwice()
  await a.sync()
  await other.sync()
  world.clock.advance(3_600_000_000)
  await a.notes.create('one', { title: 'A' })
  await b.notes.create('two', { title: 'B' })
  await until(() => a.notes.size === 2 && b.notes.size === 2)
  world.clock.advance(-3_600_000_000)
  await a.sync()
  await until(() => b.engine.status.pending === 0)
  await other.notes.create('three', { title: 'C' })
  await b.notes.update('two', { title: 'D' })
  await b.sync()
  await other.sync()
  expect(other.notes.get('two')).toEqual({ title: 'D' })
  expect([a.engine.status.rejected, b.engine.status.rejected]).toEqual([0, 0])
})

test('what one may have handed to a transport is not made smaller by the other', async () => {
  const { a, b, other } = await openTwice()
  await a.sync()
  await b.notes.create('n', { title: '1' })
  await until(() => a.notes.has('n'))
  a.link.losesReplies = 1
  await a.engine.syncNow()
  await b.notes.update('n', { title: '2' })
  await b.notes.update('n', { title: '3' })
  await b.sync()
  await other.sync()
  expect([other.notes.get('n'), other.notes.conflicts()]).toEqual([{ title: '3' }, []])
  expect(b.engine.status).toMatchObject({ pending: 0, rejected: 0 })
})

test('a write that meets another in the store is committed after it, without an error', async () => {
  const inner = memoryState()
  const state = new FragileState(inner)
  const world = new World()
  const a = await world.device({ state })
  const b = await world.device({ state: inner })
  let isHeld = true
  state.gate = () => until(() => !isHeld)
  const written = a.notes.create('one', { title: 'A' })
  await b.notes.create('two', { title: 'B' })
  isHeld = false
  await written
  await until(() => b.notes.has('one'))
  expect(a.notes.list()).toEqual(b.notes.list())
})

test('a write that a later one overtook fares as that one does, also after both met those of another opening twice', async () => {
  const refused = { code: 'no', message: 'Not this one.' }
  const world = new World({ validate: ({ type }) => (type === 'update' ? refused : undefined) })
  const inner = memoryState()
  const state = new FragileState(inner)
  const a = await world.device({ state: inner })
  const b = await world.device({ state })
  await b.notes.create('n', { title: 'old' })
  await a.sync()
  const meetings = ['one', 'two']
  state.gate = async () => {
    const document = meetings.shift()
    if (document === undefined) return
    await a.notes.create(document, { title: 'A' })
    state.forgetsChanges = document === 'two'
  }
  const first = b.notes.update('n', { title: 'B' })
  const second = b.notes.update('n', { title: 'C' })
  const outcomes = Promise.allSettled([first.acknowledged, second.acknowledged])
  await second
  await a.sync()
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})

test('a round whose commit meets that of another opening is begun again, and loses neither', async () => {
  const inner = memoryState()
  const state = new FragileState(inner)
  const world = new World()
  const a = await world.device({ state })
  const b = await world.device({ state: inner })
  const other = await world.device()
  await other.notes.create('far', { title: 'C' })
  await other.sync()
  await a.notes.create('one', { title: 'A' })
  let writes = 0
  state.gate = async () => {
    if (writes < 3) await b.notes.create(`b${++writes}`, { title: 'B' })
  }
  await a.sync()
  state.gate = () => {}
  await b.sync()
  await other.sync()
  expect(other.notes.list().map(({ id }) => id)).toEqual(['b1', 'b2', 'b3', 'far', 'one'])
  await until(() => a.notes.size === 5 && b.notes.size === 5)
})

test('an opening that lost the lead without noticing commits nothing more as the leader', async () => {
  const inner = memoryState()
  const world = new World()
  const a = await world.device({ state: leading(inner) })
  const b = await world.device({ state: leading(inner) })
  const other = await world.device()
  for (let round = 0; round < 8; round++) {
    await Promise.all([
      a.notes.add({ title: `A${round}` }),
      b.notes.add({ title: `B${round}` }),
      a.engine.syncNow(),
      b.engine.syncNow(),
    ])
  }
  await a.sync()
  await b.sync()
  await other.sync()
  await until(() => a.engine.status.pending + b.engine.status.pending === 0)
  const titles = ['A', 'B'].flatMap((name) => [0, 1, 2, 3, 4, 5, 6, 7].map((round) => `${name}${round}`))
  expect(new Set(other.notes.list().map(({ value }) => value.title))).toEqual(new Set(titles))
  expect(other.notes.size).toBe(titles.length)
  expect(a.notes.list()).toEqual(other.notes.list())
  expect(b.notes.list()).toEqual(other.notes.list())
})

test('an opening that lost the lead in the middle of a round has not failed, and its round is run by the one that leads', async () => {
  const inner = memoryState()
  const [first, second] = [new FragileState(inner), new FragileState(inner)]
  const world = new World()
  const a = await world.device({ state: first })
  const b = await world.device({ state: second })
  const failed: unknown[] = []
  a.engine.on('sync_failed', (told) => failed.push(told))
  await a.notes.create('n', { title: 'A' })
  a.link.before = async () => {
    a.link.before = () => {}
    first.lead = async () => false
    second.lead = async () => true
    await b.sync()
  }
  b.engine.start()
  expect(await passing(world, a.engine.syncNow())).toMatchObject({ ok: true })
  expect([failed, a.engine.status.reason]).toEqual([[], undefined])
})

test('two openings that hold the same slot by mistake go on as two writers', async () => {
  const inner = memoryState()
  const world = new World()
  const [first, second] = [new FragileState(inner), new FragileState(inner)]
  first.slot = 0
  second.slot = 0
  const a = await world.device({ state: first })
  const b = await world.device({ state: second })
  const other = await world.device()
  for (let round = 0; round < 4; round++) {
    await Promise.all([a.notes.create(`a${round}`, { title: 'A' }), b.notes.create(`b${round}`, { title: 'B' })])
    await Promise.all([a.notes.update('a0', { count: round }), b.notes.update('a0', { body: 'B' }).catch(() => {})])
  }
  await a.sync()
  await b.sync()
  await other.sync()
  expect(other.notes.size).toBe(8)
  expect(other.notes.get('a0')).toMatchObject({ title: 'A', count: 3 })
  await until(() => a.notes.size === 8 && b.notes.size === 8)
  expect([a.engine.status.rejected, b.engine.status.rejected]).toEqual([0, 0])
})

test('one that waits is served by a later round, if it wrote while the leader’s ran', async () => {
  const { world, a, b } = await openTwice()
  a.engine.start()
  await passing(world, a.engine.synced())
  b.engine.start()
  await passing(world, b.engine.synced())
  let isHeld = true
  a.link.after = async (kind) => {
    if (kind === 'pull') await until(() => !isHeld)
  }
  const pulls = a.link.pages.length
  const synced = b.engine.synced()
  while (a.link.pages.length === pulls) {
    await pause()
    world.clock.advance(50)
  }
  await b.notes.create('n', { title: 'while it runs' })
  await until(() => a.notes.has('n'))
  isHeld = false
  await passing(world, synced)
  expect(b.engine.status.pending).toBe(0)
})

test('one that asks while the leader gives new names is answered', async () => {
  const inner = memoryState()
  const state = new FragileState(inner)
  const world = new World()
  const a = await world.device({ state: inner })
  const b = await world.device({ state })
  a.engine.start()
  await passing(world, a.engine.synced())
  world.restart()
  let isHeld = true
  state.gate = () => until(() => !isHeld)
  const asked = b.engine.syncNow()
  await pause(5)
  await a.notes.create('n', { title: 'A' })
  world.clock.advance(200)
  await until(() => a.engine.status.pending === 0)
  isHeld = false
  expect(await passing(world, asked)).toMatchObject({ ok: true })
})

test('what another wrote is seen also if it could not be read at first', async () => {
  const inner = memoryState()
  const state = new FragileState(inner)
  const world = new World()
  const a = await world.device({ state })
  const b = await world.device({ state: inner })
  state.failingChanges = 1
  await b.notes.create('n', { title: 'B' })
  await until(() => state.failingChanges <= 0)
  await pause()
  expect(a.notes.has('n')).toBe(false)
  world.clock.advance(1000)
  await until(() => a.notes.has('n'))
})

test('a lead that cannot be stored is a failed round, and whoever waits for it is told', async () => {
  const state = new FragileState()
  const device = await new World().device({ state })
  await device.notes.create('n', { title: 'A' })
  state.failOnce()
  expect(await device.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'disk_full' } })
  await device.sync()
  expect(device.engine.status.pending).toBe(0)
})

test('a store that is open elsewhere is not destroyed', async () => {
  const { a, b } = await openTwice()
  await expect(a.engine.destroy({ discardPending: true })).rejects.toMatchObject({ code: 'store_in_use' })
  await b.notes.create('n', { title: 'B' })
  expect(b.notes.has('n')).toBe(true)
  await b.engine.destroy({ discardPending: true })
})
