import { type JsonValue, mintDeviceId, systemRandom } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { memoryState } from './memory-state.ts'
import { openLocal } from './testing/local.ts'
import { type Device, type LiveDevice, World, pause, until } from './testing/world.ts'

async function begun<D extends Device>(world: World, device: D, state = 'live'): Promise<D> {
  device.engine.start()
  await until(() => {
    world.clock.advance(0)
    return device.engine.status.state === state
  })
  await pause()
  return device
}

async function pair(world: World): Promise<[LiveDevice, LiveDevice]> {
  const a = await begun(world, await world.liveDevice({ name: 'Anna' }))
  return [a, await begun(world, await world.liveDevice({ name: 'Ben' }))]
}

const seenBy = ({ engine }: Device): readonly JsonValue[] => engine.presence.members().map(({ value }) => value)

describe('what a device shows', () => {
  test('is seen by the others of its space, with who it is, and not by itself', async () => {
    const world = new World()
    const [a, b] = await pair(world)
    const stranger = await begun(world, await world.liveDevice({ space: 'another' }))
    a.engine.presence.show({ document: 'dragon' })
    expect(b.engine.presence.members()).toEqual([
      {
        id: expect.any(String),
        principal: 'local',
        device: a.engine.device.id,
        name: 'Anna',
        value: { document: 'dragon' },
      },
    ])
    expect([seenBy(a), seenBy(stranger)]).toEqual([[], []])
  })

  test('is seen by whoever comes later, until it shows nothing any more', async () => {
    const world = new World()
    const a = await begun(world, await world.liveDevice())
    a.engine.presence.show('here')
    const b = await begun(world, await world.liveDevice())
    expect(seenBy(b)).toEqual(['here'])
    world.clock.advance(100)
    a.engine.presence.show(null)
    expect([seenBy(b), a.link.shown]).toEqual([[], ['here', undefined]])
  })

  test('is the last of what it showed within a tenth of a second', async () => {
    const world = new World()
    const [a, b] = await pair(world)
    for (const value of [1, 2, 3]) a.engine.presence.show(value)
    expect(seenBy(b)).toEqual([1])
    world.clock.advance(100)
    expect(seenBy(b)).toEqual([3])
    world.clock.advance(100)
    a.engine.presence.show(4)
    expect([seenBy(b), a.link.shown]).toEqual([[4], [1, 3, 4]])
  })

  test('before there is a connection is shown with it, and again with the next', async () => {
    const world = new World()
    const device = await world.liveDevice()
    device.engine.presence.show('early')
    const a = await begun(world, device)
    const b = await begun(world, await world.liveDevice())
    expect(seenBy(b)).toEqual(['early'])
    a.link.cut()
    expect(seenBy(b)).toEqual([])
    a.link.mend()
    await until(() => seenBy(b).length > 0)
    expect(seenBy(b)).toEqual(['early'])
  })

  test('no more while there was no connection is not shown again', async () => {
    const world = new World()
    const [a, b] = await pair(world)
    a.engine.presence.show('here')
    a.link.cut()
    a.engine.presence.show(undefined)
    a.link.mend()
    await until(() => a.link.shown.length === 2)
    expect([a.link.shown, seenBy(b)]).toEqual([['here', undefined], []])
  })

  test('is gone when its engine stops, shown again when it starts, and gone when it is closed', async () => {
    const world = new World()
    const [a, b] = await pair(world)
    a.engine.presence.show('here')
    a.engine.stop()
    expect(seenBy(b)).toEqual([])
    await begun(world, a)
    expect(seenBy(b)).toEqual(['here'])
    await a.engine.close()
    expect(seenBy(b)).toEqual([])
  })

  test('is in no store and in no push', async () => {
    const world = new World()
    const [a, b] = await pair(world)
    a.engine.presence.show({ secret: 'xyzzy' })
    expect(seenBy(b)).toEqual([{ secret: 'xyzzy' }])
    await a.engine.syncNow()
    expect([a.link.pushes, b.link.told]).toEqual([[], []])
    await a.engine.close()
    const stored = await (await a.state.open('shared', () => mintDeviceId(systemRandom))).load()
    expect(JSON.stringify(stored)).not.toContain('xyzzy')
  })

  test('is a copy of what the app handed in, and frozen where it is seen', async () => {
    const world = new World()
    const [a, b] = await pair(world)
    const cursor = { at: { line: 1 } }
    a.engine.presence.show(cursor)
    cursor.at.line = 2
    const [member] = b.engine.presence.members()
    const seen = member?.value as typeof cursor
    expect(seen).toEqual({ at: { line: 1 } })
    expect([member, seen, seen.at].every(Object.isFrozen)).toBe(true)
  })
})

describe('what cannot be shown is invalid_value at once, and what was shown stays', () => {
  test.each([
    ['more than 4096 bytes of JSON', 'x'.repeat(4095)],
    ['more bytes than letters', 'ä'.repeat(2048)],
    ['what JSON cannot carry', NaN],
  ])('%s', async (_, value) => {
    const world = new World()
    const [a, b] = await pair(world)
    a.engine.presence.show('x'.repeat(4094))
    expect(() => a.engine.presence.show(value)).toThrow(expect.objectContaining({ code: 'invalid_value' }))
    world.clock.advance(100)
    expect(seenBy(b)).toEqual(['x'.repeat(4094)])
  })
})

describe('whoever listens', () => {
  test('is told when the others change and when presence comes or goes, until they end it', async () => {
    const world = new World()
    const a = await begun(world, await world.liveDevice())
    const device = await world.liveDevice()
    const { presence } = device.engine
    const told: unknown[] = []
    const end = presence.subscribe((members) => told.push([presence.isAvailable, members.map(({ value }) => value)]))
    const b = await begun(world, device)
    a.engine.presence.show('here')
    b.link.cut()
    expect(told).toEqual([
      [true, []],
      [true, ['here']],
      [false, []],
    ])
    end()
    b.link.mend()
    await until(() => presence.isAvailable)
    expect(told.length).toBe(3)
  })

  test('is told once of all who are there already', async () => {
    const world = new World()
    const a = await begun(world, await world.liveDevice())
    a.engine.presence.show('here')
    const device = await world.liveDevice()
    const told: unknown[] = []
    device.engine.presence.subscribe((members) => told.push(members.map(({ value }) => value)))
    const b = await begun(world, device)
    b.link.cut()
    expect(told).toEqual([['here'], []])
  })

  test('gets the same list until it changes', async () => {
    const world = new World()
    const [a, b] = await pair(world)
    a.engine.presence.show('here')
    const { presence } = b.engine
    const before = presence.members()
    expect(presence.members()).toBe(before)
    world.clock.advance(100)
    a.engine.presence.show('there')
    expect(presence.members()).not.toBe(before)
  })
})

describe('presence is unavailable, and can be shown all the same,', () => {
  test('without a transport', async () => {
    const { engine } = await openLocal()
    engine.presence.show('here')
    expect([engine.presence.isAvailable, engine.presence.members()]).toEqual([false, []])
  })

  test('on a transport of requests', async () => {
    const world = new World()
    const { engine } = await begun(world, await world.device(), 'idle')
    engine.presence.show('here')
    expect([engine.presence.isAvailable, engine.presence.members()]).toEqual([false, []])
  })

  test('while there is no connection', async () => {
    const world = new World()
    const [a, b] = await pair(world)
    a.engine.presence.show('here')
    b.link.cut()
    expect([b.engine.presence.isAvailable, seenBy(b)]).toEqual([false, []])
  })

  test('in an opening that follows, until it leads', async () => {
    const world = new World()
    const state = memoryState()
    const leader = await begun(world, await world.liveDevice({ state }))
    const follower = await world.liveDevice({ state })
    const other = await begun(world, await world.liveDevice())
    follower.engine.start()
    follower.engine.presence.show('mine')
    await pause()
    expect([follower.engine.presence.isAvailable, seenBy(other)]).toEqual([false, []])
    await leader.engine.close()
    world.clock.advance(2000)
    await until(() => seenBy(other).length > 0)
    expect([follower.engine.presence.isAvailable, seenBy(other)]).toEqual([true, ['mine']])
  })
})
