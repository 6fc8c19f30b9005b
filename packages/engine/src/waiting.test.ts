import { SyncError } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { memoryState } from './memory-state.ts'
import { FragileState } from './testing/fragile-state.ts'
import { refusal } from './testing/local.ts'
import { seededRandom } from './testing/seeded-random.ts'
import { type Device, World, passing, pause, until } from './testing/world.ts'

/** Two started openings of one store: A talks to the server, B follows, and its commits can be made to fail. */
async function leaderAndFollower(): Promise<{ world: World; a: Device; b: Device; state: FragileState }> {
  const inner = memoryState()
  const state = new FragileState(inner)
  const world = new World()
  const a = await world.device({ state: inner })
  const b = await world.device({ state, random: seededRandom(1) })
  for (const { engine } of [a, b]) {
    engine.start()
    await passing(world, engine.synced())
  }
  return { world, a, b, state }
}

test('a follower whose disk is full tries ever more rarely, and is served when there is room again', async () => {
  const { world, b, state } = await leaderAndFollower()
  let tries = 0
  state.failWith = () => {
    tries++
    return new SyncError('disk_full', 'The disk is full.')
  }
  const synced = b.engine.synced()
  for (let turn = 0; turn < 400; turn++) {
    await pause()
    world.clock.advance(50)
  }
  expect(tries).toBeGreaterThan(1)
  expect(tries).toBeLessThan(40)
  state.failWith = () => undefined
  await passing(world, synced)
})

describe('an acknowledgement comes', () => {
  test('though the receipt’s commit met that of another opening that had the same receipt', async () => {
    const inner = memoryState()
    const [first, second] = [new FragileState(inner), new FragileState(inner)]
    // A lock that was stolen: both take themselves for the one that leads.
    first.lead = async () => true
    second.lead = async () => true
    const world = new World()
    const a = await world.device({ state: first })
    const b = await world.device({ state: second })
    await a.sync()
    const write = a.notes.create('n', { title: 'A' })
    const { acknowledged } = write
    await write
    await until(() => b.engine.status.pending === 1)
    let isHeld = false
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    a.link.after = () => {
      first.gate = async () => {
        isHeld = true
        await held
      }
    }
    const round = a.engine.syncNow()
    await until(() => isHeld)
    await b.sync()
    release()
    await round
    await expect(acknowledged).resolves.toBeUndefined()
  })

  test('though the store said that the receipt’s commit failed, and had taken it', async () => {
    const state = new FragileState()
    const device = await new World().device({ state })
    await device.sync()
    const write = device.notes.create('n', { title: 'A' })
    const { acknowledged } = write
    await write
    device.link.after = (kind) => {
      if (kind === 'push') state.failAfterwards()
    }
    expect(await device.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'store_failed' } })
    await expect(acknowledged).resolves.toBeUndefined()
  })
})

test('a follower that is stopped while it asks for a round tells everybody who waits', async () => {
  const { b, state } = await leaderAndFollower()
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  state.gate = async () => held
  const now = b.engine.syncNow()
  const synced = refusal(b.engine.synced())
  await pause(5)
  b.engine.stop()
  release()
  expect(await now).toMatchObject({ ok: false, error: { code: 'stopped' } })
  expect((await synced).code).toBe('stopped')
})

test('a follower that asked for a single round and is stopped tells whoever waits for it', async () => {
  const { world, a, b } = await leaderAndFollower()
  b.engine.stop()
  a.link.before = async () => {
    await new Promise(() => {})
  }
  const now = b.engine.syncNow()
  while (a.engine.status.state !== 'syncing') {
    await pause()
    world.clock.advance(10)
  }
  await pause(5)
  b.engine.stop()
  expect(await now).toMatchObject({ ok: false, error: { code: 'stopped' } })
})
