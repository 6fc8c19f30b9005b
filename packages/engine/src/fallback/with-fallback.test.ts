import { SyncError, type SubscriptionListener } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { withFallback } from './with-fallback.ts'
import { LiveLink } from '../testing/live-link.ts'
import { type Device, type FallbackDevice, World, pause, until } from '../testing/world.ts'

/** Lets everything happen that is due, until `isTrue`. */
const whenDue = (world: World, isTrue: () => boolean): Promise<void> =>
  until(() => {
    world.clock.advance(0)
    return isTrue()
  })

async function calm(world: World): Promise<void> {
  for (let step = 0; step < 12; step++) {
    world.clock.advance(0)
    await pause()
  }
}

/** Lets time pass in small steps, with all that happens meanwhile. */
async function pass(world: World, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    world.clock.advance(Math.min(500, ms - passed))
    await pause()
    await pause()
  }
  await calm(world)
}

async function begun<D extends Device>(world: World, device: D): Promise<D> {
  device.engine.start()
  await whenDue(world, () => device.engine.status.state === 'live')
  await calm(world)
  return device
}

/** A device whose first way is refused, as by a proxy, and which polls. */
async function polling(world: World): Promise<FallbackDevice> {
  const device = await world.fallbackDevice()
  device.link.isDown = true
  return begun(world, device)
}

const seenBy = ({ engine }: Device): readonly unknown[] => engine.presence.members().map(({ value }) => value)

describe('the first way', () => {
  test('is the only one while it can be had', async () => {
    const world = new World()
    const a = await begun(world, await world.fallbackDevice())
    const b = await begun(world, await world.liveDevice())
    await a.notes.create('n', { title: 'A' })
    await whenDue(world, () => b.notes.has('n'))
    await b.notes.update('n', { title: 'B' })
    await whenDue(world, () => a.notes.get('n')?.title === 'B')
    await pass(world, 60_000)
    expect([a.second.pages, a.second.pushes]).toEqual([[], []])
  })

  test('that is refused is given up at once, and the device is live on the second', async () => {
    const world = new World()
    const a = await world.fallbackDevice()
    a.link.isDown = true
    await a.notes.create('n', {})
    await begun(world, a)
    expect([a.engine.status.pending, a.link.pushes.length, a.second.pushes.length]).toEqual([0, 0, 1])
  })

  test('that never answers is given up after ten seconds, and what was asked of it fails', async () => {
    const world = new World()
    const a = await world.fallbackDevice()
    const failures: unknown[] = []
    a.engine.on('sync_failed', ({ error }) => failures.push(error.code))
    a.link.before = () => new Promise(() => {})
    a.link.subscribe = () => ({ close: () => {} })
    a.engine.start()
    await calm(world)
    await pass(world, 9500)
    expect([failures, a.second.pages]).toEqual([[], []])
    world.clock.advance(500)
    await whenDue(world, () => a.engine.status.state === 'live')
    expect(failures).toEqual(['network'])
  })

  test('is kept where the server answers by refusing', async () => {
    const world = new World()
    const a = await world.fallbackDevice()
    const refusal = { code: 'needs_auth', message: 'Who are you?' }
    a.link.refuse = () => new SyncError('needs_auth', 'Who are you?', { details: { refusal } })
    a.link.subscribe = () => ({ close: () => {} })
    a.engine.start()
    await pass(world, 40_000)
    expect([a.engine.status.state, a.second.pages]).toEqual(['needs_auth', []])
  })

  test('that is lost for a moment is kept', async () => {
    const world = new World()
    const a = await begun(world, await world.fallbackDevice())
    a.link.cut()
    await a.engine.syncNow()
    a.link.mend()
    await whenDue(world, () => a.engine.status.state === 'live')
    await pass(world, 20_000)
    expect(a.second.pages).toEqual([])
  })

  test('that is lost for longer is given up', async () => {
    const world = new World()
    const a = await begun(world, await world.fallbackDevice())
    a.link.endSubscription()
    a.link.before = () => new Promise(() => {})
    await pass(world, 10_000)
    await whenDue(world, () => a.engine.status.state === 'live')
    expect(a.second.pages.length).toBeGreaterThan(0)
  })
})

describe('the second way', () => {
  test('brings an edit of another device with the answer that waited for it', async () => {
    const world = new World()
    const [a, b] = [await polling(world), await begun(world, await world.liveDevice())]
    await b.notes.create('n', { title: 'A' })
    await whenDue(world, () => a.notes.has('n'))
    await calm(world)
    const asked = a.second.pages.length
    await b.notes.update('n', { title: 'B' })
    await whenDue(world, () => a.notes.get('n')?.title === 'B')
    await calm(world)
    expect(a.second.pages.length).toBe(asked + 1)
    expect(a.engine.status.state).toBe('live')
  })

  test('asks for more where more changed, and for what came meanwhile', async () => {
    const world = new World()
    const [a, b] = [await polling(world), await world.device()]
    for (let round = 0; round < 3; round++) {
      for (let note = 0; note < 3; note++) await b.notes.create(`n${round}${note}`, {})
      await b.sync()
      await calm(world)
    }
    await whenDue(world, () => a.notes.size === 9)
    const asked = a.second.pages.length
    await calm(world)
    expect(a.second.pages.length).toBe(asked)
  })

  test('takes what this device wrote, and brings none of it twice', async () => {
    const world = new World()
    const [a, b] = [await polling(world), await begun(world, await world.liveDevice())]
    await a.notes.create('n', { count: 1 })
    await a.notes.create('m', { count: 2 })
    await whenDue(world, () => b.notes.size === 2)
    await calm(world)
    expect([a.engine.status.pending, a.engine.statistics.operationsReceived]).toEqual([0, 0])
  })

  test('that is lost comes back by itself', async () => {
    const world = new World()
    const [a, b] = [await polling(world), await world.device()]
    a.second.refuse = () => new SyncError('network', 'It is gone.')
    // What ends the pull that waits.
    await b.notes.create('n', {})
    await b.sync()
    await whenDue(world, () => a.engine.status.state !== 'live')
    a.second.refuse = () => undefined
    await b.notes.create('m', {})
    await b.sync()
    world.clock.advance(2000)
    await whenDue(world, () => a.notes.has('m') && a.engine.status.state === 'live')
    expect(a.notes.size).toBe(2)
  })

  test('misses nothing where the device comes to the head by what it pushes itself, and does not pull', async () => {
    const world = new World()
    const [a, b] = [await polling(world), await world.device()]
    a.second.refuse = (kind) => (kind === 'pull' ? new SyncError('network', 'It is gone.') : undefined)
    await a.notes.create('one', {})
    await whenDue(world, () => a.engine.status.state !== 'live' && a.engine.status.pending === 0)
    await a.notes.create('two', {})
    world.clock.advance(100)
    await whenDue(world, () => a.engine.status.pending === 0)
    a.second.refuse = () => undefined
    a.second.after = async (kind) => {
      if (kind === 'pull' && !a.notes.has('three')) await a.notes.create('three', {})
    }
    await pass(world, 3000)
    expect([a.engine.status.state, a.second.pushes.length]).toEqual(['live', 3])
    await b.notes.create('four', {})
    await b.sync()
    await whenDue(world, () => a.notes.has('four'))
    expect(a.notes.size).toBe(4)
  })

  test('that answers at once, without anything new, is not asked without end', async () => {
    const world = new World()
    const a = await polling(world)
    const { length } = a.second.pages
    // What a server does that closes.
    await world.server.close()
    a.second.refuse = () => undefined
    await calm(world)
    expect(a.second.pages.length).toBeLessThanOrEqual(length + 1)
  })
})

describe('the way back to the first', () => {
  test('is tried after half a minute, and ever more rarely', async () => {
    const world = new World()
    const probes: number[] = []
    const a = await world.fallbackDevice({
      random: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)), fraction: () => 0.5 },
    })
    a.link.isAvailable = async () => {
      probes.push(world.clock.now())
      return false
    }
    a.link.isDown = true
    const start = world.clock.now()
    await begun(world, a)
    for (let minute = 0; minute < 60; minute++) {
      world.clock.advance(60_000)
      await calm(world)
    }
    const gaps = probes.map((at, index) => (at - (probes[index - 1] ?? start)) / 1000)
    expect(gaps.slice(0, 1)).toEqual([30])
    expect(gaps.slice(-2)).toEqual([600, 600])
    expect([...gaps].sort((one, other) => one - other)).toEqual(gaps)
  })

  test('is taken when the first is there again, and then the second is asked nothing', async () => {
    const world = new World()
    const [a, b] = [await polling(world), await world.device()]
    a.link.isDown = false
    await pass(world, 40_000)
    expect(a.engine.status.state).toBe('live')
    const asked = a.second.pages.length
    await b.notes.create('n', {})
    await b.sync()
    await whenDue(world, () => a.notes.has('n'))
    expect([a.link.told.length, a.second.pages.length]).toEqual([1, asked])
  })

  test('is taken at once when the platform wakes', async () => {
    const world = new World()
    const a = await polling(world)
    a.link.isDown = false
    a.wake()
    await calm(world)
    expect([a.link.subscribed, a.engine.status.state]).toEqual([2, 'live'])
  })
})

describe('a change-over', () => {
  test('misses nothing that is written while it happens, either way', async () => {
    const world = new World()
    const [a, b] = [await begun(world, await world.fallbackDevice()), await begun(world, await world.liveDevice())]
    for (let turn = 0; turn < 6; turn++) {
      const isDown = turn % 2 === 0
      await b.notes.create(`before${turn}`, {})
      if (isDown) a.link.cut()
      else a.link.mend()
      await b.notes.create(`during${turn}`, {})
      await a.notes.create(`own${turn}`, {})
      if (!isDown) a.wake()
      await b.notes.create(`after${turn}`, {})
      await pass(world, 12_000)
    }
    expect([a.notes.size, b.notes.size]).toEqual([24, 24])
    expect(a.engine.statistics.operationsReceived).toBe(18)
    expect([a.engine.status.state, a.engine.status.pending]).toEqual(['live', 0])
  })

  test('leaves a request to the way on which it began', async () => {
    const world = new World()
    const a = await polling(world)
    const { promise, resolve } = Promise.withResolvers<void>()
    a.second.before = (kind) => (kind === 'push' ? promise : undefined)
    await a.notes.create('n', {})
    await calm(world)
    a.link.isDown = false
    a.wake()
    await calm(world)
    resolve()
    await whenDue(world, () => a.engine.status.pending === 0)
    expect([a.second.pushes.length, a.link.pushes.length]).toEqual([1, 0])
  })

  test('ends what the way before tells: one feed counts', async () => {
    const world = new World()
    const device = await world.fallbackDevice()
    const listeners: SubscriptionListener[] = []
    const subscribe = device.link.subscribe.bind(device.link)
    device.link.subscribe = (request, listener) => {
      listeners.push(listener)
      return subscribe(request, listener)
    }
    const a = await begun(world, device)
    a.link.cut()
    await pass(world, 10_000)
    expect(a.engine.status.state).toBe('live')
    const asked = a.second.pages.length
    for (const listener of listeners) {
      listener.changed(undefined)
      listener.connected(false)
      listener.present?.([{ id: 'x', principal: 'p', device: 'd' as never, name: '', value: 1 }])
    }
    await calm(world)
    expect([a.engine.status.state, a.second.pages.length, seenBy(a)]).toEqual(['live', asked, []])
  })
})

test('presence is there on the first way alone, and is shown again there', async () => {
  const world = new World()
  const [a, b] = [await begun(world, await world.fallbackDevice()), await begun(world, await world.liveDevice())]
  const { presence } = a.engine
  presence.show('one')
  b.engine.presence.show('b')
  expect([seenBy(a), seenBy(b), presence.isAvailable]).toEqual([['b'], ['one'], true])
  a.link.cut()
  await pass(world, 10_000)
  expect(a.engine.status.state).toBe('live')
  presence.show('two')
  expect([seenBy(a), seenBy(b), presence.isAvailable]).toEqual([[], [], false])
  a.link.isDown = false
  a.wake()
  await whenDue(world, () => presence.isAvailable)
  expect([seenBy(a), seenBy(b)]).toEqual([['b'], ['two']])
})

test('a server is there if either way leads to it', async () => {
  const world = new World()
  const [first, second] = [new LiveLink(() => world.server, world.rooms), (await world.device()).link]
  const either = withFallback(first, second)
  const answers: boolean[] = []
  for (const [isFirstDown, isSecondDown] of [
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    first.isDown = isFirstDown
    second.isDown = isSecondDown
    answers.push(await either.isAvailable())
  }
  expect(answers).toEqual([true, true, false])
})

test('without a subscription, too, requests go the second way once the first has failed', async () => {
  const world = new World()
  const a = await world.fallbackDevice()
  a.link.isDown = true
  await a.notes.create('n', {})
  expect(await a.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'network' } })
  expect(await a.engine.syncNow()).toMatchObject({ ok: true, pushed: 1 })
  await a.engine.close()
  expect(world.clock.planned).toBe(0)
})

test('what is closed is closed on both ways, and nothing is planned any more', async () => {
  const world = new World()
  const a = await polling(world)
  const closed: string[] = []
  a.link.close = async () => void closed.push('first')
  a.second.close = async () => void closed.push('second')
  await a.engine.close()
  await calm(world)
  expect([closed, world.clock.planned]).toEqual([['first', 'second'], 0])
})
