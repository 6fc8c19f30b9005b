import { LIMITS } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { fastClock, livePlace, subscribed, until } from './testing/live.ts'

const EDGES = { bytes: (count: number) => new Uint8Array(count), fraction: () => 0 }
const soon = { random: EDGES }

const authenticate = (expiresInMs: () => number | undefined, asked: (string | null)[]) => (request: Request) => {
  const token = request.headers.get('authorization')
  asked.push(token)
  const inMs = expiresInMs()
  if (token === 'Bearer none') return undefined
  return { id: 'ann', expiresAt: inMs === undefined ? undefined : Date.now() + inMs }
}

describe('one socket', () => {
  test('carries all spaces of the transports with the same url and token', async () => {
    const { wire, transport, device } = await livePlace()
    const [a, b] = [await device('one', soon), await device('two', soon)]
    await until(() => a.status.state === 'live' && b.status.state === 'live')
    const told = subscribed(transport(soon), { space: 'one' })
    await until(() => told.connected.length === 1)
    await a.collection('notes').create('n', { title: 'of one' })
    await until(() => told.frames.length === 1)
    expect(told.frames[0]?.rows.map(({ document }) => document)).toEqual(['n'])
    expect(b.collection('notes').size).toBe(0)
    expect(wire.connections).toBe(1)
  })

  test('is not shared by those who have other tokens', async () => {
    const { wire, transport } = await livePlace()
    await transport({ token: 'a' }).isAvailable()
    await transport({ token: 'b' }).isAvailable()
    await transport({ token: 'b' }).isAvailable()
    expect(wire.connections).toBe(2)
  })

  test('is closed with the last transport that uses it', async () => {
    const { wire, transport } = await livePlace()
    const [a, b] = [transport(), transport()]
    subscribed(a)
    await Promise.all([a.version('x'), b.version('x')])
    await a.close()
    expect(await b.isAvailable()).toBe(true)
    expect(wire.open).toBe(1)
    await b.close()
    await until(() => wire.open === 0)
    expect(wire.connections).toBe(1)
  })

  test('that nobody uses is closed after a while, and opened again when somebody does', async () => {
    const { wire, transport } = await livePlace()
    const one = transport({ clock: fastClock(20), timeoutMs: 10_000_000 })
    await one.version('x')
    await until(() => wire.open === 0)
    await one.version('x')
    expect(wire.connections).toBe(2)
  })

  test('takes a push as large as the server takes one', async () => {
    const { device, transport } = await livePlace()
    const writer = await device('shared', soon)
    const title = 'x'.repeat(LIMITS.messageBytes / 8)
    for (let count = 0; count < 8; count++) await writer.collection('notes').create(`n${count}`, { title })
    await writer.synced()
    expect((await transport().version('shared')).head).toBe(8)
  })
})

describe('an edit', () => {
  test('is on the other device without being asked for, both ways', async () => {
    const { device } = await livePlace()
    const [a, b] = [await device(), await device()]
    await until(() => a.status.state === 'live' && b.status.state === 'live')
    await a.collection('notes').create('n', { title: 'by a' })
    await until(() => b.collection('notes').get('n')?.title === 'by a')
    await b.collection('notes').update('n', { title: 'by b' })
    await until(() => a.collection('notes').get('n')?.title === 'by b')
    expect([a.collection('notes').conflicts(), b.collection('notes').conflicts()]).toEqual([[], []])
  })

  test('that was made while the connection was cut comes when it is back', async () => {
    const { device, wire } = await livePlace()
    const [a, b] = [await device('shared', soon), await device('shared', soon)]
    await until(() => a.status.state === 'live' && b.status.state === 'live')
    wire.isBlocked = true
    wire.cut()
    await a.collection('notes').create('n', { title: 'by a' })
    await b.collection('notes').create('m', { title: 'by b' })
    await until(() => a.status.state !== 'live' && b.status.state !== 'live')
    wire.isBlocked = false
    await until(() => a.collection('notes').size === 2 && b.collection('notes').size === 2)
    await until(() => a.status.state === 'live' && a.status.pending === 0)
    expect(b.collection('notes').list()).toEqual(a.collection('notes').list())
  })
})

describe('a subscription', () => {
  test('is told that the connection came, went and came again', async () => {
    const { wire, transport } = await livePlace()
    const told = subscribed(transport(soon))
    await until(() => told.connected.length === 1)
    wire.cut()
    await until(() => told.connected.length === 3)
    expect(told.connected).toEqual([true, false, true])
  })

  test('is told nothing while there is nobody to connect to, and begins as soon as there is', async () => {
    const { wire, transport } = await livePlace()
    wire.isBlocked = true
    const one = transport(soon)
    const told = subscribed(one)
    await expect(one.version('x')).rejects.toMatchObject({ code: 'network' })
    expect(told.connected).toEqual([])
    wire.isBlocked = false
    await until(() => told.connected.length === 1)
    expect(told.connected).toEqual([true])
  })

  test('on a socket that is open but dead is told so, and begins on another', async () => {
    const { wire, transport } = await livePlace()
    const told = subscribed(transport({ clock: fastClock(100) }))
    await until(() => told.connected.length > 0)
    wire.freeze()
    const { length } = told.connected
    await until(() => told.connected.length >= length + 2)
    expect(told.connected.slice(length, length + 2)).toEqual([false, true])
  })

  test('on a socket that died while the machine slept is told so when it wakes', async () => {
    const { wire, transport } = await livePlace()
    const listeners: (() => void)[] = []
    const wakes = (listener: () => void) => {
      listeners.push(listener)
      return () => undefined
    }
    const told = subscribed(transport({ wakes, random: EDGES }))
    await until(() => told.connected.length === 1)
    wire.freeze()
    for (const wake of listeners) wake()
    await until(() => told.connected.length === 3)
    expect(told.connected).toEqual([true, false, true])
  })

  test('that the server refuses is told so, and does not begin again by itself', async () => {
    const { wire, transport } = await livePlace({
      authenticate: () => ({ id: 'ann' }),
      authorize: (_, space) => space !== 'secret',
    })
    const one = transport({ token: 'ann', ...soon })
    const refused = subscribed(one, { space: 'secret' })
    const taken = subscribed(one)
    await until(() => refused.connected.length === 1 && taken.connected.length === 1)
    wire.cut()
    await until(() => taken.connected.length === 3)
    expect(refused.connected).toEqual([false])
  })

  test('that was closed is told nothing more', async () => {
    const { transport, device } = await livePlace()
    const writer = await device()
    const [open, closed] = [subscribed(transport()), subscribed(transport())]
    await until(() => open.connected.length + closed.connected.length === 2)
    closed.subscription.close()
    closed.subscription.close()
    await writer.collection('notes').create('n', {})
    await until(() => open.frames.length === 1)
    expect(closed.frames).toEqual([])
  })
})

describe('what somebody shows', () => {
  test('is seen by the others in the space, and is gone with them', async () => {
    const { transport } = await livePlace()
    const [one, other] = [transport(), transport({ token: 'other' })]
    const [a, b] = [subscribed(one), subscribed(other)]
    await until(() => a.connected.length + b.connected.length === 2)
    a.subscription.show?.({ document: 'n' })
    await until(() => b.members.at(-1)?.length === 1)
    expect(b.members.at(-1)).toEqual([
      {
        id: expect.any(String),
        principal: 'local',
        device: 'device0000000000000000',
        name: 'one',
        value: { document: 'n' },
      },
    ])
    await one.close()
    await until(() => b.members.at(-1)?.length === 0)
    expect(a.members.at(-1)).toEqual([])
  })

  test('is shown again after the connection was lost, when nobody is seen', async () => {
    const { wire, transport } = await livePlace()
    const [a, b] = [subscribed(transport(soon)), subscribed(transport({ token: 'other', ...soon }))]
    a.subscription.show?.('here')
    await until(() => b.members.at(-1)?.length === 1)
    const before = b.members.length
    wire.cut()
    await until(() => b.members.length > before)
    expect(b.members[before]).toEqual([])
    await until(() => b.members.at(-1)?.[0]?.value === 'here')
    expect(b.connected).toEqual([true, false, true])
  })
})

describe('the token', () => {
  test('is asked for again when the server wants another, on the same socket', async () => {
    const asked: (string | null)[] = []
    const { wire, transport } = await livePlace({
      authenticate: authenticate(() => (asked.length < 3 ? 200 : undefined), asked),
    })
    let count = 0
    const told = subscribed(transport({ token: async () => `t${++count}` }))
    await until(() => asked.length === 3)
    await until(() => told.connected.length > 0)
    expect(asked).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t3'])
    expect([wire.connections, told.connected]).toEqual([1, [true]])
  })

  test('that cannot be renewed ends the connection, and what is asked then is needs_auth', async () => {
    let token = 'good'
    const { device, transport } = await livePlace({ authenticate: authenticate(() => 300, []) })
    const source = () => token
    const engine = await device('shared', { token: source, ...soon })
    await until(() => engine.status.state === 'live')
    token = 'none'
    await until(() => engine.status.state === 'needs_auth')
    await engine.collection('notes').create('n', {})
    expect(engine.status.pending).toBe(1)
    await expect(transport({ token: source }).version('shared')).rejects.toMatchObject({ code: 'needs_auth' })
    token = 'good'
    await until(() => engine.status.pending === 0 && engine.status.state === 'live')
    expect((await transport({ token: source }).version('shared')).head).toBe(1)
  })
})

describe('a server that closes', () => {
  test('tells when to come back, and nobody comes before', async () => {
    const { server, transport, wire } = await livePlace()
    const one = transport(soon)
    const told = subscribed(one)
    await until(() => told.connected.length === 1)
    await server.close()
    await until(() => told.connected.length === 2)
    const error = await one.version('x').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unavailable', details: { retryAfterMs: expect.any(Number) } })
    expect(wire.connections).toBe(1)
  })
})
