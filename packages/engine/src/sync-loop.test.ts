import { SyncError } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { refusal, uncaughtDuring } from './testing/local.ts'
import { type Device, World, pause, until } from './testing/world.ts'

const rounds = ({ engine }: Device): (() => number) => {
  let count = 0
  engine.on('sync_started', () => count++)
  return () => count
}

/** Lets the planned round begin, and waits until it has ended and the next is planned. */
async function next({ engine }: Device, world: World, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const ends = [engine.on('sync_completed', () => resolve()), engine.on('sync_failed', () => resolve())]
  world.clock.advance(ms)
  await promise
  for (const end of ends) end()
  await pause()
}

describe('a started engine', () => {
  test('syncs at once, then on a timer', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    await a.notes.create('a', {})
    await a.sync()
    const count = rounds(b)
    b.engine.start()
    await next(b, world, 0)
    expect(b.notes.size).toBe(1)
    expect(b.engine.status).toMatchObject({ state: 'idle', everSynced: true })
    await a.notes.create('b', {})
    await a.sync()
    world.clock.advance(30_000)
    await until(() => b.notes.size === 2)
    expect(count()).toBe(2)
    await b.engine.close()
  })

  test('sends a local write by itself', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    a.engine.start()
    await next(a, world, 0)
    await a.notes.create('a', { title: 'One' })
    world.clock.advance(100)
    await until(() => a.engine.status.pending === 0)
    await b.sync()
    expect(b.notes.get('a')).toEqual({ title: 'One' })
    await a.engine.close()
  })

  test('sends edits that never pause', async () => {
    const world = new World()
    const device = await world.device()
    device.engine.start()
    await next(device, world, 0)
    await device.notes.create('a', {})
    for (let edit = 0; edit < 10; edit++) {
      await device.notes.update('a', { count: edit })
      world.clock.advance(50)
    }
    await until(() => device.link.pushes.length > 0)
    expect(device.notes.get('a')).toEqual({ count: 9 })
    await device.engine.close()
  })

  test('sends at last a write made at any moment of a round', async () => {
    for (let steps = 0; steps < 120; steps += 3) {
      const world = new World()
      const device = await world.device()
      device.engine.start()
      world.clock.advance(0)
      for (let step = 0; step < steps; step++) await Promise.resolve()
      if (steps > 60) await pause()
      await device.notes.create('a', {})
      await until(() => {
        world.clock.advance(100)
        return device.engine.status.pending === 0
      })
      expect(device.engine.statistics.operationsSent).toBe(1)
      await device.engine.close()
    }
  })

  test('stops when it is told to, and starts again', async () => {
    const world = new World()
    const device = await world.device()
    const count = rounds(device)
    device.engine.start()
    device.engine.start()
    await next(device, world, 0)
    device.engine.stop()
    await device.notes.create('a', {})
    world.clock.advance(600_000)
    await pause(2)
    expect([count(), device.engine.status.state, world.clock.planned]).toEqual([1, 'stopped', 0])
    expect(await device.engine.syncNow()).toMatchObject({ ok: true, pushed: 1 })
    device.engine.start()
    world.clock.advance(0)
    await until(() => count() === 3)
    await device.engine.close()
  })

  test('a round that is stopped is no failure', async () => {
    const world = new World()
    const device = await world.device()
    const failures: unknown[] = []
    device.engine.on('sync_failed', (event) => failures.push(event))
    device.link.before = () => new Promise(() => {})
    device.engine.start()
    world.clock.advance(0)
    await until(() => device.engine.status.state === 'syncing')
    device.engine.stop()
    await until(() => device.engine.status.state === 'stopped')
    expect([failures, device.engine.statistics.errors]).toEqual([[], 0])
    device.link.before = () => {}
    await device.sync()
  })
})

describe('offline', () => {
  test('is told, everything is kept, and it comes back by itself', async () => {
    const world = new World()
    const device = await world.device()
    device.link.isDown = true
    device.engine.start()
    await next(device, world, 0)
    await device.notes.create('a', {})
    expect(device.engine.status).toMatchObject({
      state: 'offline',
      pending: 1,
      attempt: 1,
      reason: { code: 'network' },
    })
    expect(device.engine.status.nextRetryAt).toBeGreaterThan(world.clock.now())
    device.link.isDown = false
    await next(device, world, 2000)
    await until(() => device.engine.status.pending === 0)
    expect(device.engine.status).toMatchObject({ state: 'idle', attempt: 0 })
    expect(device.engine.status).not.toHaveProperty('reason')
    expect(device.engine.status).not.toHaveProperty('nextRetryAt')
    await device.engine.close()
  })

  test('retries for ever, in a window that doubles from one second to sixty', async () => {
    const world = new World()
    const device = await world.device()
    device.link.isDown = true
    device.engine.start()
    await next(device, world, 0)
    for (let attempt = 1; attempt < 40; attempt++) {
      const { status } = device.engine
      expect(status.attempt).toBe(attempt)
      const delay = (status.nextRetryAt ?? 0) - world.clock.now()
      expect(delay).toBeGreaterThanOrEqual(50)
      expect(delay).toBeLessThanOrEqual(Math.min(60_000, 1000 * 2 ** (attempt - 1)))
      await next(device, world, delay)
    }
    await device.engine.close()
  })

  test('an edit does not hurry the retry', async () => {
    const world = new World()
    const device = await world.device()
    device.link.isDown = true
    const count = rounds(device)
    device.engine.start()
    await next(device, world, 0)
    const { nextRetryAt } = device.engine.status
    await device.notes.create('a', {})
    expect([device.engine.status.nextRetryAt, count()]).toEqual([nextRetryAt, 1])
    await device.engine.close()
  })

  test('syncNow answers with a typed result', async () => {
    const device = await new World().device()
    device.link.isDown = true
    const result = await device.engine.syncNow()
    expect(result).toMatchObject({ ok: false, error: { code: 'network' } })
    device.link.isDown = false
    expect(await device.engine.syncNow()).toMatchObject({ ok: true, pushed: 0, pulled: 0, durationMs: 0 })
  })
})

test('coming online is a reason to try at once, also when a round is just failing', async () => {
  const world = new World()
  const { SyncEngine } = await import('./sync-engine.ts')
  const { memoryState } = await import('./memory-state.ts')
  const { link } = await world.device()
  const sources: (() => void)[] = []
  const engine = await SyncEngine.open({
    space: 'shared',
    collections: { notes: {} },
    state: memoryState(),
    transport: link,
    clock: world.clock,
    wakes: (wake) => {
      sources.push(wake)
      return () => void sources.pop()
    },
  })
  link.isDown = true
  engine.start()
  world.clock.advance(0)
  await until(() => engine.status.state === 'offline')
  link.isDown = false
  sources[0]?.()
  world.clock.advance(0)
  await until(() => engine.status.state === 'idle')
  link.before = () => {
    link.before = () => {}
    sources[0]?.()
    throw new SyncError('network', 'The old connection is gone.')
  }
  void engine.syncNow()
  await until(() => engine.status.state === 'offline')
  world.clock.advance(0)
  await until(() => engine.status.state === 'idle')
  await engine.close()
  expect(sources).toEqual([])
})

describe('Retry-After', () => {
  test('is the floor of the next try, up to a minute', async () => {
    const world = new World()
    const device = await world.device()
    for (const [told, least] of [
      [20_000, 20_000],
      [3_600_000, 60_000],
    ] as const) {
      device.link.refuse = () => new SyncError('rate_limited', 'Later.', { details: { retryAfterMs: told } })
      device.engine.start()
      await next(device, world, 0)
      const delay = (device.engine.status.nextRetryAt ?? 0) - world.clock.now()
      expect(delay).toBeGreaterThanOrEqual(least)
      expect(delay).toBeLessThanOrEqual(least + 1000)
      expect(device.engine.status.state).toBe('error')
      device.engine.stop()
    }
    await device.engine.close()
  })
})

const secured = (): World =>
  new World({
    authenticate: (request) => (request.headers.get('authorization') === 'Bearer good' ? { id: 'ann' } : undefined),
  })

describe('needs_auth', () => {
  test('leaves the outbox intact, and goes on with a new token', async () => {
    const world = secured()
    let token = 'bad'
    const device = await world.device({ token: () => token })
    await device.notes.create('a', {})
    device.engine.start()
    await next(device, world, 0)
    expect(device.engine.status).toMatchObject({ state: 'needs_auth', pending: 1, rejected: 0 })
    expect((await refusal(device.engine.synced())).code).toBe('needs_auth')
    token = 'good'
    await next(device, world, 8000)
    await until(() => device.engine.status.pending === 0)
    expect(device.engine.status.state).toBe('idle')
    await device.engine.close()
  })

  test('is tried again within eight seconds, however often it failed', async () => {
    const world = secured()
    const device = await world.device({ token: () => 'bad' })
    device.engine.start()
    await next(device, world, 0)
    for (let attempt = 1; attempt < 12; attempt++) {
      const delay = (device.engine.status.nextRetryAt ?? 0) - world.clock.now()
      expect(delay).toBeLessThanOrEqual(8000)
      await next(device, world, delay)
      expect(device.engine.status.attempt).toBe(attempt + 1)
    }
    await device.engine.close()
  })

  test('a token source that throws ends no loop', async () => {
    const world = secured()
    let fails = true
    const device = await world.device({
      token: () => {
        if (fails) throw new Error('The session is gone.')
        return 'good'
      },
    })
    await device.notes.create('a', {})
    device.engine.start()
    await next(device, world, 0)
    expect(device.engine.status.pending).toBe(1)
    fails = false
    await next(device, world, 60_000)
    await until(() => device.engine.status.pending === 0)
    expect(device.link.pushes).toHaveLength(1)
    await device.engine.close()
  })
})

describe('synced', () => {
  test('resolves once everything here is there and everything there is here', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    await b.notes.create('b', {})
    await b.sync()
    a.engine.start()
    await a.notes.create('a', {})
    const synced = a.engine.synced()
    world.clock.advance(0)
    await synced
    expect([a.engine.status.pending, a.notes.size]).toEqual([0, 2])
    await a.engine.close()
  })

  test('waits for a round that began after the call', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    a.engine.start()
    let isSynced = false
    a.link.after = async (kind) => {
      if (kind !== 'pull') return
      a.link.after = () => {}
      await b.notes.create('b', {})
      await b.sync()
      void a.engine.synced().then(() => (isSynced = true))
    }
    world.clock.advance(0)
    await until(() => {
      world.clock.advance(100)
      return isSynced
    })
    expect(a.notes.has('b')).toBe(true)
    await a.engine.close()
  })

  test('rejects at once when syncing is stopped, and when it stops', async () => {
    const world = new World()
    const device = await world.device()
    expect((await refusal(device.engine.synced())).code).toBe('stopped')
    device.link.isDown = true
    device.engine.start()
    const synced = device.engine.synced()
    device.engine.stop()
    expect((await refusal(synced)).code).toBe('stopped')
  })

  test('takes a signal', async () => {
    const world = new World()
    const device = await world.device()
    device.link.isDown = true
    device.engine.start()
    const controller = new AbortController()
    const synced = device.engine.synced({ signal: controller.signal })
    controller.abort()
    expect((await refusal(synced)).code).toBe('aborted')
    expect((await refusal(device.engine.synced({ signal: controller.signal }))).code).toBe('aborted')
    await device.engine.close()
  })
})

describe('the status', () => {
  test('is stuck when changes wait for more than a minute though the server answers', async () => {
    const world = new World()
    const device = await world.device()
    device.link.refuse = (kind) => (kind === 'push' ? new SyncError('forbidden', 'You may only read.') : undefined)
    device.engine.start()
    await device.notes.create('a', {})
    await next(device, world, 0)
    expect(device.engine.status).toMatchObject({ state: 'error', reason: { code: 'forbidden' } })
    world.clock.advance(61_000)
    expect(device.engine.status).toMatchObject({ state: 'stuck', pending: 1, reason: { code: 'forbidden' } })
    await device.engine.close()
  })

  test('counts what is open, and says when the oldest was made', async () => {
    const world = new World()
    const device = await world.device()
    const madeAt = world.clock.now()
    await device.notes.create('a', {})
    world.clock.advance(5000)
    await device.notes.create('b', {})
    expect(device.engine.status).toMatchObject({ pending: 2, oldestPendingAt: madeAt })
    expect(device.engine.pendingOf('notes', 'a')).toBe(1)
    expect(device.engine.pendingOf('notes', 'missing')).toBe(0)
    await device.sync()
    expect(device.engine.status.pending).toBe(0)
    expect(device.engine.status).not.toHaveProperty('oldestPendingAt')
    expect(device.engine.status.lastSyncAt).toBe(world.clock.now())
  })
})

test('a listener that reads while the engine closes in the middle of a round harms nobody', async () => {
  for (let steps = 0; steps < 200; steps += 5) {
    const world = new World()
    const [a, b] = await world.pair()
    await b.notes.create('b', {})
    await b.sync()
    a.notes.subscribe((changes) => changes.forEach(({ id }) => void a.notes.get(id)))
    const uncaught = await uncaughtDuring(async () => {
      const round = a.engine.syncNow()
      for (let step = 0; step < steps; step++) await Promise.resolve()
      if (steps > 100) await pause()
      await a.engine.close()
      await round
    })
    expect([steps, uncaught]).toEqual([steps, []])
  }
})

test('a clock that jumps does not put off an edit: it is sent as soon as without', async () => {
  const yearMs = 365 * 24 * 3_600_000
  const pushes: number[] = []
  for (const jumpMs of [yearMs, -yearMs]) {
    const world = new World()
    const device = await world.device({ pollMs: 3_600_000 })
    device.engine.start()
    world.clock.advance(0)
    await until(() => device.engine.status.everSynced && device.engine.status.state === 'idle')
    await pause()
    world.clock.jump(jumpMs)
    await device.notes.create('a', { title: 'A' })
    world.clock.advance(100)
    await until(() => device.engine.status.pending === 0)
    pushes.push(device.link.pushes.length)
    await device.engine.close()
  }
  expect(pushes).toEqual([1, 1])
})
