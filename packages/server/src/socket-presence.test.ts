import { CLOSE_CODES, type DeviceId, type JsonValue, PRESENCE_BYTES, parseJson } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { type Seat, SocketPresence } from './socket-presence.ts'
import type { Authenticate } from './server-options.ts'
import { manualClock } from './testing/manual-clock.ts'
import { settled } from './testing/frame-reader.ts'
import { type SocketPeer, type SocketWorld, socketWorld } from './testing/socket-peer.ts'
import { toldStore } from './testing/told-store.ts'

interface Guest {
  readonly peer: SocketPeer
  readonly number: number
  show(value: JsonValue | undefined): Promise<void>
  /** Who shows something else now: names and values. */
  sees(): Promise<readonly (readonly [name: string, value: JsonValue | undefined])[]>
}

async function guest(world: SocketWorld, name: string, space: string = 'stories', token?: string): Promise<Guest> {
  const peer = await world.peer(token)
  const number = await peer.subscribe(await peer.client(name, space))
  return {
    peer,
    number,
    async show(value) {
      peer.say({ kind: 'presence', number, value })
      await peer.beat()
    },
    sees: async () => (await peer.present(number)).map((member) => [member.name, member.value]),
  }
}

const bearerOf: Authenticate = ({ headers }) => ({
  id: (headers.get('authorization') ?? '').slice('Bearer '.length),
})

test('who subscribes is told first who shows anything, even if nobody does', async () => {
  const world = await socketWorld()
  const anna = await guest(world, 'anna')
  expect(await anna.sees()).toEqual([])
  await anna.show({ document: 'one' })
  const ben = await guest(world, 'ben')
  expect(await ben.sees()).toEqual([['anna', { document: 'one' }]])
})

test('what somebody shows is told to the others of the same space, and to nobody else', async () => {
  const world = await socketWorld()
  const [anna, ben, carl] = [await guest(world, 'anna'), await guest(world, 'ben'), await guest(world, 'carl', 'tales')]
  for (const one of [anna, ben, carl]) expect(await one.sees()).toEqual([])
  await anna.show('writing')
  expect(await ben.sees()).toEqual([['anna', 'writing']])
  await anna.show(undefined)
  expect(await ben.sees()).toEqual([['anna', undefined]])
  for (const one of [anna, carl]) {
    await one.peer.beat()
    expect(one.peer.told).toEqual([])
  }
})

test('whose it is that is shown is what the server knows, whatever the device calls itself', async () => {
  const world = await socketWorld({ authenticate: bearerOf })
  const anna = await guest(world, 'anna', 'stories', 'anna')
  await anna.peer.present(anna.number)
  const ben = await guest(world, 'really-anna', 'stories', 'ben')
  await ben.show('here')
  expect(await anna.peer.present(anna.number)).toMatchObject([{ principal: 'ben', name: 'really-anna', value: 'here' }])
})

test('what is shown before the subscription has begun is told when it has', async () => {
  const world = await socketWorld()
  const ben = await guest(world, 'ben')
  await ben.sees()
  const peer = await world.peer()
  const client = await peer.client('anna')
  const subscribing = peer.subscribe(client)
  peer.say({ kind: 'presence', number: 2, value: 'early' })
  expect(await subscribing).toBe(2)
  expect(await ben.sees()).toEqual([['anna', 'early']])
})

test('what somebody shows is gone with their subscription, and with their socket', async () => {
  const world = await socketWorld()
  const ben = await guest(world, 'ben')
  await ben.sees()
  const leave = [
    ({ peer, number }: Guest) => peer.say({ kind: 'unsubscribe', number }),
    ({ peer }: Guest) => peer.webSocket.close(),
    ({ peer }: Guest) => peer.webSocket.terminate(),
  ]
  for (const go of leave) {
    const anna = await guest(world, 'anna')
    await anna.show('here')
    expect(await ben.sees()).toEqual([['anna', 'here']])
    go(anna)
    expect(await ben.sees()).toEqual([['anna', undefined]])
  }
})

test('what somebody shows is gone 45 seconds after they fell silent', async () => {
  const clock = manualClock()
  const world = await socketWorld({ clock })
  const [anna, ben] = [await guest(world, 'anna'), await guest(world, 'ben')]
  await ben.sees()
  await anna.show('here')
  clock.advance(100)
  expect(await ben.sees()).toEqual([['anna', 'here']])
  clock.advance(30_000)
  await ben.peer.beat()
  clock.advance(15_000)
  await anna.peer.closed
  await settled()
  clock.advance(100)
  expect(await ben.sees()).toEqual([['anna', undefined]])
})

test('what somebody shows is told ten times a second at most, and the last of it always', async () => {
  const clock = manualClock()
  const world = await socketWorld({ clock })
  const [anna, ben] = [await guest(world, 'anna'), await guest(world, 'ben')]
  await ben.sees()
  for (let n = 0; n < 100; n++) anna.peer.say({ kind: 'presence', number: anna.number, value: n })
  await anna.peer.beat()
  clock.advance(99)
  await ben.peer.beat()
  expect(ben.peer.told).toEqual([])
  clock.advance(1)
  expect(await ben.sees()).toEqual([['anna', 99]])
  clock.advance(10_000)
  await ben.peer.beat()
  expect(ben.peer.told.filter(({ kind }) => kind === 'present')).toEqual([])
})

test('a value of more bytes than may be shown closes the socket, one of as many is told', async () => {
  const world = await socketWorld()
  const [anna, ben] = [await guest(world, 'anna'), await guest(world, 'ben')]
  await ben.sees()
  const most = 'ü'.repeat(PRESENCE_BYTES / 2 - 1)
  await anna.show(most)
  expect(await ben.sees()).toEqual([['anna', most]])
  anna.peer.say({ kind: 'presence', number: anna.number, value: `${most}x` })
  expect(await anna.peer.end()).toMatchObject({ code: CLOSE_CODES.too_large, refusal: { code: 'too_large' } })
})

test('who may not read any more is told nothing of who is there', async () => {
  let mayRead = true
  const world = await socketWorld({
    authenticate: ({ headers }) => ({ id: headers.get('authorization') ?? '' }),
    authorize: ({ id }) => mayRead || id === 'Bearer anna',
  })
  const anna = await guest(world, 'anna', 'stories', 'anna')
  const ben = await guest(world, 'ben', 'stories', 'ben')
  await ben.sees()
  mayRead = false
  await world.server.recheck()
  await anna.show('secret')
  expect(await ben.peer.next('end', ben.number)).toMatchObject({ refusal: { code: 'forbidden' } })
  expect(JSON.stringify(ben.peer.heard)).not.toContain('secret')
})

test('a reader before whom much waits is told later, once, of what is shown by then', async () => {
  const clock = manualClock()
  const presence = new SocketPresence(clock)
  const told: unknown[] = []
  let isSlow = false
  const seat = (name: string, tell: Seat['tell']): Seat => ({
    space: 'stories',
    id: name,
    principal: name,
    device: { id: name.padEnd(22, '-') as DeviceId, name },
    isSlow: () => isSlow,
    allow: async () => undefined,
    tell,
    refuse: () => undefined,
  })
  const anna = seat('anna', () => undefined)
  presence.join(anna)
  presence.join(
    seat('ben', (members) => told.push(members.map((text) => (parseJson(text) as readonly unknown[]).slice(3)))),
  )
  await settled()
  isSlow = true
  for (let n = 0; n < 30; n++) {
    presence.show(anna, n)
    clock.advance(100)
    await settled()
  }
  expect(told).toEqual([[]])
  isSlow = false
  clock.advance(100)
  await settled()
  expect(told).toEqual([[], [['anna', 29]]])
  expect(clock.waiting).toBe(0)
})

test('what somebody shows is never stored', async () => {
  const stored: unknown[] = []
  const world = await socketWorld({ store: toldStore((changes) => stored.push(changes)) })
  const [anna, ben] = [await guest(world, 'anna'), await guest(world, 'ben')]
  await ben.sees()
  await anna.show('here')
  await ben.sees()
  expect(stored).toEqual([])
})
