import { SyncError } from '@whisker/protocol'
import { sqliteStore } from '@whisker/server'
import { describe, expect, test } from 'vitest'
import { memoryState } from './memory-state.ts'
import { copiedState } from './testing/copied-state.ts'
import { FragileState } from './testing/fragile-state.ts'
import type { Told } from './testing/live-link.ts'
import { type DeviceOptions, type LiveDevice, World, meet, pause, until } from './testing/world.ts'

/** Lets everything happen that is due, until `isTrue`. */
const whenDue = (world: World, isTrue: () => boolean): Promise<void> =>
  until(() => {
    world.clock.advance(0)
    return isTrue()
  })

/** Lets everything happen that is due. */
async function calm(world: World): Promise<void> {
  for (let step = 0; step < 12; step++) {
    world.clock.advance(0)
    await pause()
  }
}

/** Started devices that are connected and have caught up. */
async function live(world: World, options: readonly DeviceOptions[] = [{}, {}]): Promise<LiveDevice[]> {
  const devices: LiveDevice[] = []
  for (const one of options) {
    const device = await world.liveDevice(one)
    device.engine.start()
    await whenDue(world, () => device.engine.status.state === 'live')
    devices.push(device)
  }
  await calm(world)
  return devices
}

async function livePair(world: World, b: DeviceOptions = {}): Promise<[LiveDevice, LiveDevice]> {
  return (await live(world, [{}, b])) as [LiveDevice, LiveDevice]
}

const requests = ({ link }: LiveDevice): { readonly pulls: number; readonly pushes: number } => ({
  pulls: link.pages.length,
  pushes: link.pushes.length,
})

/** A round whose pull has been answered, and waits. */
async function holdPull({ engine, link }: LiveDevice): Promise<{ endPull: () => void; synced: Promise<unknown> }> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { length } = link.pages
  link.after = (kind) => (kind === 'pull' ? promise : undefined)
  const synced = engine.syncNow()
  await until(() => link.pages.length > length)
  return {
    endPull: () => {
      link.after = () => {}
      resolve()
    },
    synced,
  }
}

/** A frame of something that the server never had. */
const ghostly = (told: Told): Told => told && { ...told, rows: told.rows.map((row) => ({ ...row, document: 'ghost' })) }

describe('a frame', () => {
  test('brings an edit of another device, without a pull', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    const { pulls } = requests(b)
    const { lastSyncAt = 0 } = b.engine.status
    world.clock.advance(5)
    await a.notes.create('n', { title: 'A' })
    await whenDue(world, () => b.notes.get('n')?.title === 'A')
    await a.notes.update('n', { title: 'B' })
    await whenDue(world, () => b.notes.get('n')?.title === 'B')
    await calm(world)
    expect(requests(b).pulls).toBe(pulls)
    expect(b.engine.statistics.operationsReceived).toBe(2)
    expect(b.engine.status.lastSyncAt).toBe(lastSyncAt + 5)
    expect(b.engine.status.state).toBe('live')
  })

  test('of an own push asks for nothing', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    const before = requests(a)
    await a.notes.create('n', { title: 'A' })
    await whenDue(world, () => a.link.told.length === 1 && b.notes.has('n'))
    await calm(world)
    expect(requests(a)).toEqual({ pulls: before.pulls, pushes: before.pushes + 1 })
    expect(a.engine.statistics.operationsReceived).toBe(0)
  })

  test('that does not begin where the cursor stands leads to a pull, and nothing is missed', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    const { pulls } = requests(b)
    b.link.alter = () => []
    await a.notes.create('one', {})
    await whenDue(world, () => a.engine.status.pending === 0)
    await calm(world)
    b.link.alter = (told) => [told]
    await a.notes.create('two', {})
    await whenDue(world, () => b.notes.has('two'))
    await calm(world)
    expect([b.notes.has('one'), requests(b).pulls]).toEqual([true, pulls + 1])
  })

  test('that is old changes nothing and asks for nothing', async () => {
    const world = new World()
    const state = new FragileState()
    const [a, b] = await livePair(world, { state })
    await a.notes.create('n', { title: 'A' })
    await a.notes.update('n', { title: 'B' })
    await whenDue(world, () => b.notes.get('n')?.title === 'B')
    await calm(world)
    const before = [requests(b), state.commits.length]
    for (const told of b.link.told.slice()) b.link.tell(told)
    await calm(world)
    expect([requests(b), state.commits.length]).toEqual(before)
    expect(b.notes.get('n')).toEqual({ title: 'B' })
  })

  test('that comes during a round is taken after it', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    const { pulls } = requests(b)
    const { endPull, synced } = await holdPull(b)
    for (const id of ['one', 'two']) {
      await a.notes.create(id, {})
      await whenDue(world, () => a.engine.status.pending === 0)
    }
    await until(() => b.link.told.length === 2)
    expect(b.notes.size).toBe(0)
    endPull()
    await synced
    await until(() => b.notes.size === 2)
    await calm(world)
    expect(requests(b).pulls).toBe(pulls + 1)
  })

  test('is one of so many during a round that a pull is the shorter way', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    await a.notes.create('n', {})
    await whenDue(world, () => b.notes.has('n'))
    await calm(world)
    const [old] = b.link.told
    const { pulls } = requests(b)
    for (const [count, more] of [
      [64, 1],
      [65, 3],
    ] as const) {
      const { endPull, synced } = await holdPull(b)
      for (let frame = 0; frame < count; frame++) b.link.tell(old)
      endPull()
      await synced
      await calm(world)
      expect(requests(b).pulls).toBe(pulls + more)
    }
  })

  test('that cannot be committed is a failed round, and the retry brings it', async () => {
    const world = new World()
    const state = new FragileState()
    const [a, b] = await livePair(world, { state })
    const failures: unknown[] = []
    b.engine.on('sync_failed', ({ error }) => failures.push(error.code))
    state.failOnce()
    await a.notes.create('n', {})
    await whenDue(world, () => failures.length > 0)
    await pause()
    expect(b.notes.has('n')).toBe(false)
    expect(b.engine.status).toMatchObject({ state: 'error', attempt: 1, reason: { code: 'disk_full' } })
    world.clock.advance(1000)
    await until(() => b.notes.has('n'))
    await whenDue(world, () => b.engine.status.state === 'live')
    expect(failures).toEqual(['disk_full'])
  })

  test('under a lost lead commits nothing', async () => {
    const world = new World()
    const inner = memoryState()
    const [first, second] = [new FragileState(inner), new FragileState(inner)]
    first.lead = second.lead = async () => true
    const [a, b] = await livePair(world, { state: first })
    const other = await world.device({ state: second })
    let isHeld = true
    first.gate = () => until(() => !isHeld)
    await a.notes.create('n', {})
    await whenDue(world, () => b.notes.has('n'))
    await other.sync()
    isHeld = false
    await calm(world)
    expect([b.notes.has('n'), other.notes.has('n')]).toEqual([true, true])
    expect(first.commits.flatMap(({ documents }) => documents)).toEqual([])
  })

  test('is seen by the other openings of the store', async () => {
    const world = new World()
    const state = memoryState()
    const [a, b] = await livePair(world, { state })
    const follower = await world.device({ state })
    world.clock.advance(5)
    await a.notes.create('n', {})
    await whenDue(world, () => follower.notes.has('n'))
    expect(follower.engine.status.lastSyncAt).toBe(b.engine.status.lastSyncAt)
    expect(follower.engine.statistics.operationsReceived).toBe(1)
    expect(follower.link.pages).toEqual([])
  })
})

describe('a frame is only a hint', () => {
  test('while something is offered', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    await a.notes.create('n', { title: 'A' })
    await whenDue(world, () => b.notes.has('n'))
    await calm(world)
    a.engine.stop()
    const [frame] = b.link.told
    world.restart(sqliteStore(':memory:'))
    b.link.reroute()
    b.link.refuse = (kind) => (kind === 'push' ? new SyncError('unavailable', 'Not now.') : undefined)
    await b.engine.syncNow()
    b.link.tell(ghostly(frame))
    await calm(world)
    expect(b.notes.list().map(({ id }) => id)).toEqual(['n'])
    b.link.refuse = () => undefined
    await b.sync()
    expect(b.notes.list().map(({ id }) => id)).toEqual(['n'])
  })

  test('while it is not known what became of an operation that was sent', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    await a.notes.create('n', { title: 'A' })
    await whenDue(world, () => b.notes.has('n'))
    await calm(world)
    b.link.losesReplies = 1
    await b.notes.update('n', { title: 'B' })
    await whenDue(world, () => a.notes.get('n')?.title === 'B')
    await a.notes.update('n', { title: 'C' })
    await until(() => {
      world.clock.advance(0)
      return b.link.told.length === 3
    })
    await pause()
    expect(b.notes.get('n')).toEqual({ title: 'B' })
    world.clock.advance(1000)
    await whenDue(world, () => b.notes.get('n')?.title === 'C')
    expect(b.engine.status.pending).toBe(0)
  })

  test('if it was made before what a receipt has told', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    b.link.hold()
    await a.notes.create('n', {})
    await whenDue(world, () => a.engine.status.pending === 0)
    b.link.refuse = (kind) => (kind === 'pull' ? new SyncError('network', 'It is gone.') : undefined)
    await b.notes.create('m', {})
    await whenDue(world, () => b.engine.status.state === 'offline')
    b.link.refuse = () => undefined
    b.link.release()
    await pause()
    expect([b.engine.status.pending, b.notes.has('n')]).toEqual([0, false])
    world.clock.advance(1000)
    await until(() => b.notes.has('n'))
  })

  test('if it shows more of an own replica than this store made', async () => {
    const world = new World()
    const original = await world.liveDevice()
    await original.sync()
    await original.engine.close()
    const [b] = await live(world, [{ state: await copiedState(original.state) }])
    const [a] = await live(world, [{ state: original.state }])
    const { pulls } = requests(b as LiveDevice)
    await a?.notes.create('n', { title: 'A' })
    await whenDue(world, () => b?.notes.has('n') === true)
    await calm(world)
    expect(requests(b as LiveDevice).pulls).toBeGreaterThan(pulls)
    await b?.notes.update('n', { body: 'B' })
    await whenDue(world, () => a?.notes.get('n')?.body === 'B')
    expect([a?.engine.status.rejected, b?.engine.status.rejected]).toEqual([0, 0])
  })

  test('until a round of the same connection went well: another history has the same numbers', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    for (const id of ['one', 'two']) {
      await a.notes.create(id, {})
      await whenDue(world, () => b.notes.has(id))
    }
    await a.engine.close()
    b.link.cut()
    world.restart(sqliteStore(':memory:'))
    const other = await world.liveDevice()
    for (const id of ['three', 'four']) await other.notes.create(id, {})
    await other.sync()
    b.link.mend()
    await pause()
    await other.notes.create('five', {})
    await other.sync()
    const told = b.link.told.length
    await until(() => b.link.told.length > told)
    await pause()
    expect(b.notes.has('five')).toBe(false)
    await calm(world)
    await meet(other, b)
    expect([b.notes.size, other.notes.size]).toEqual([5, 5])
  })
})

describe('a live transport', () => {
  test('may tell no more than that there is something: one pull', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    const { pulls } = requests(b)
    b.link.alter = () => [undefined]
    await a.notes.create('n', {})
    await whenDue(world, () => b.notes.has('n'))
    await calm(world)
    expect(requests(b).pulls).toBe(pulls + 1)
  })

  test('that tells no more is polled, and asked anew for what it tells', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    b.link.endSubscription()
    await a.notes.create('n', {})
    await whenDue(world, () => a.engine.status.pending === 0)
    await calm(world)
    expect(b.notes.has('n')).toBe(false)
    world.clock.advance(10_000)
    await until(() => b.notes.has('n'))
    await whenDue(world, () => b.engine.status.state === 'live')
    expect(b.link.subscribed).toBe(2)
  })

  test('whose connection was lost is offline, until there is one again or a round goes well', async () => {
    const world = new World()
    const [, b] = await livePair(world)
    const states: string[] = []
    b.engine.on('status_changed', ({ state }) => states.push(state))
    b.link.cut()
    expect(b.engine.status).toMatchObject({ state: 'offline', reason: { code: 'network' }, attempt: 0 })
    b.link.mend()
    await whenDue(world, () => b.engine.status.state === 'live')
    b.link.endSubscription()
    expect(b.engine.status.state).toBe('offline')
    // Requests get through, and nobody tells of changes any more.
    b.link.subscribe = () => ({ close: () => undefined })
    await b.sync()
    expect(b.engine.status).toMatchObject({ state: 'idle' })
    expect(b.engine.status).not.toHaveProperty('reason')
    expect(new Set(states)).toEqual(new Set(['offline', 'syncing', 'live', 'idle']))
  })

  test('that is connected again is a reason to pull', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    b.link.cut()
    await a.notes.create('n', {})
    await whenDue(world, () => a.engine.status.pending === 0)
    b.link.mend()
    await whenDue(world, () => b.notes.has('n'))
    expect(b.engine.status.state).toBe('live')
  })

  test('brings what others wrote also while pushing is refused', async () => {
    const world = new World()
    const [a, b] = await livePair(world)
    b.link.refuse = (kind) => (kind === 'push' ? new SyncError('forbidden', 'You may only read.') : undefined)
    await b.notes.create('m', {})
    await whenDue(world, () => b.engine.status.state === 'error')
    await a.notes.create('n', {})
    await whenDue(world, () => b.notes.has('n'))
    expect(b.engine.status).toMatchObject({ pending: 1, reason: { code: 'forbidden' } })
  })

  test('does not hurry a retry with what it tells', async () => {
    const world = new World()
    const [, b] = await livePair(world)
    b.link.refuse = () => new SyncError('rate_limited', 'Later.', { details: { retryAfterMs: 20_000 } })
    await b.engine.syncNow()
    const { nextRetryAt } = b.engine.status
    b.link.tell(undefined)
    await calm(world)
    expect(b.engine.status).toMatchObject({ attempt: 1, nextRetryAt })
  })
})

test('a live device on which nothing happens pulls once an hour', async () => {
  const world = new World()
  const [a] = await livePair(world)
  const before = requests(a).pulls
  world.clock.advance(50 * 60_000)
  await calm(world)
  expect(requests(a).pulls).toBe(before)
  world.clock.advance(11 * 60_000)
  await calm(world)
  expect(requests(a).pulls).toBe(before + 1)
})

test('a follower is told that the trouble is over, though that could not be stored at first', async () => {
  const world = new World()
  const inner = memoryState()
  const state = new FragileState(inner)
  const [leader] = await live(world, [{ state }])
  const second = await world.liveDevice({ state: inner })
  second.engine.start()
  await calm(world)
  const { engine, link } = leader as LiveDevice
  link.refuse = () => new SyncError('server_error', 'Not now.')
  await engine.syncNow()
  for (let step = 0; step < 20 && !second.engine.status.reason; step++) await passHalfASecond(world)
  expect(second.engine.status.reason?.code).toBe('server_error')
  link.refuse = () => undefined
  state.failWith = ({ records }) =>
    records.some(([name]) => name === 'round') ? new SyncError('disk_full', 'The disk is full.') : undefined
  await engine.syncNow()
  state.failWith = () => undefined
  for (let step = 0; step < 60 && second.engine.status.reason; step++) await passHalfASecond(world)
  expect(second.engine.status.reason).toBeUndefined()
})

async function passHalfASecond(world: World): Promise<void> {
  world.clock.advance(500)
  await calm(world)
}
