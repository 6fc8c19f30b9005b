import { type DeviceId, type DeviceList, decodeDevices } from '@whisker/protocol'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Action, Authenticate } from './server-options.ts'
import { START_MS } from './testing/manual-clock.ts'
import { outlast } from './testing/retention.ts'
import { type TestClient, refusalOf, replicaNamed } from './testing/test-client.ts'
import { type TestServer, testServer } from './testing/test-server.ts'

const URL = 'http://localhost/v1/spaces/stories/devices'
/** The token is the name. */
const authenticate: Authenticate = (request) => ({ id: request.headers.get('authorization') ?? 'nobody' })
const as = (name: string) => ({ authorization: name })

const revoke = async ({ server }: Pick<TestServer, 'server'>, device: string, headers = {}): Promise<Response> =>
  server.fetch(new Request(`${URL}/${device}`, { method: 'DELETE', headers }))

async function listed({ server }: Pick<TestServer, 'server'>): Promise<DeviceList> {
  const response = await server.fetch(new Request(URL))
  expect(response.status).toBe(200)
  return decodeDevices(await response.json())
}

/** The same device with another replica, as after a new epoch. */
function takeReplica(client: TestClient, name: string): void {
  client.replica = replicaNamed(name)
  client.counter = client.acknowledged = client.check = 0
}

test('the devices of a space are listed with their replicas, the one that was seen last first', async () => {
  const world = testServer()
  const anna = await world.client('anna')
  anna.create('one', {})
  await anna.push()
  world.clock.advance(1000)
  const ben = await world.client('ben')
  await ben.pull()
  takeReplica(anna, 'anna-two')
  world.clock.advance(1000)
  anna.device = { ...anna.device, name: 'Renamed' }
  anna.create('two', {})
  await anna.push()
  expect(await listed(world)).toEqual({
    timeMs: START_MS + 2000,
    head: 2,
    collected: 0,
    devices: [
      {
        id: anna.device.id,
        name: 'Renamed',
        principal: 'local',
        lastSeenMs: START_MS + 2000,
        since: 0,
        revokedAtMs: undefined,
        replicas: [
          { replica: 'anna-two________', counter: 1, lastSeenMs: START_MS + 2000, since: 0, isRetired: false },
          { replica: 'anna____________', counter: 1, lastSeenMs: START_MS, since: 0, isRetired: false },
        ],
      },
      {
        id: ben.device.id,
        name: 'ben',
        principal: 'local',
        lastSeenMs: START_MS + 1000,
        since: 1,
        revokedAtMs: undefined,
        replicas: [{ replica: ben.replica, counter: 0, lastSeenMs: START_MS + 1000, since: 1, isRetired: false }],
      },
    ],
  })
})

test('who names the device of somebody else is listed beside it', async () => {
  const { client, server } = testServer({ authenticate })
  const anna = await client('anna', 'stories', as('anna'))
  anna.create('one', {})
  await anna.push()
  const ben = await client('ben', 'stories', as('ben'))
  ben.device = { ...anna.device, name: 'not hers' }
  ben.create('two', {})
  await ben.push()
  const { devices } = await server.devices('stories')
  expect(Object.fromEntries(devices.map(({ principal, id, name }) => [principal, [id, name]]))).toEqual({
    anna: [anna.device.id, 'anna'],
    ben: [anna.device.id, 'not hers'],
  })
})

test('a retired replica is listed as such', async () => {
  const { client, server, clock } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  for (const one of [ben, anna]) {
    one.create(one.device.name, {})
    await one.push()
  }
  await outlast(clock, anna)
  await server.collect('stories')
  const { devices } = await server.devices('stories')
  expect(devices.map(({ name, replicas }) => [name, replicas[0]?.isRetired])).toEqual([
    ['anna', false],
    ['ben', true],
  ])
})

test('listing takes the right to read, and revoking the right to manage', async () => {
  const asked: Action[] = []
  const world = testServer({
    authenticate,
    authorize: (principal, _space, action) => {
      asked.push(action)
      return principal.id === 'anna'
    },
  })
  const anna = await world.client('anna', 'stories', as('anna'))
  anna.create('one', {})
  await anna.push()
  asked.length = 0
  const list = await world.server.fetch(new Request(URL, { headers: as('ben') }))
  expect(await refusalOf(list, 403)).toMatchObject({ code: 'forbidden' })
  expect(await refusalOf(await revoke(world, anna.device.id, as('ben')), 403)).toMatchObject({ code: 'forbidden' })
  expect(asked).toEqual(['read', 'manage'])
  expect((await anna.pullRaw()).status).toBe(200)
})

test('a revoked device is refused as if there were no such space, under any of its names', async () => {
  const world = testServer({ authenticate, authorize: (principal) => principal.id === 'ben' })
  const stranger = await world.server.fetch(new Request(URL, { headers: as('stranger') }))
  const nowhere = await stranger.text()
  const ben = await world.client('ben', 'stories', as('ben'))
  ben.create('one', {})
  await ben.push()
  expect((await revoke(world, ben.device.id, as('ben'))).status).toBe(200)
  ben.create('two', {})
  const { device } = ben
  const refused = async (): Promise<void> => {
    for (const response of [await ben.pullRaw(), await ben.pushRaw()]) {
      expect(response.status).toBe(403)
      expect(await response.text()).toBe(nowhere)
    }
  }
  await refused()
  ben.device = { id: 'x'.repeat(22) as DeviceId, name: 'another name' }
  await refused()
  ben.device = device
  ben.outbox = []
  ben.replica = replicaNamed('another')
  await refused()
  expect(await world.server.devices('stories')).toMatchObject({ head: 1 })
})

test('a device is revoked in one space, and the others stay', async () => {
  const world = testServer()
  const anna = await world.client('anna')
  const ben = await world.client('ben')
  const elsewhere = await world.client('ben', 'elsewhere')
  for (const one of [anna, ben, elsewhere]) {
    one.create(one.device.name, {})
    await one.push()
  }
  await revoke(world, ben.device.id)
  expect((await anna.pullRaw()).status).toBe(200)
  expect((await elsewhere.pullRaw()).status).toBe(200)
  const { devices } = await listed(world)
  expect(Object.fromEntries(devices.map(({ name, revokedAtMs }) => [name, revokedAtMs]))).toEqual({
    anna: undefined,
    ben: START_MS,
  })
})

test('a device that is revoked again stays revoked since the first time', async () => {
  const world = testServer()
  const ben = await world.client('ben')
  ben.create('one', {})
  await ben.push()
  const first = { device: ben.device.id, atMs: START_MS }
  expect(await world.server.revoke('stories', ben.device.id)).toEqual(first)
  world.clock.advance(1000)
  expect(await world.server.revoke('stories', ben.device.id)).toEqual(first)
  const response = await revoke(world, ben.device.id)
  expect(await response.json()).toEqual({ v: 1, id: ben.device.id, revokedAt: START_MS })
})

test('a device that has never been in the space cannot be revoked', async () => {
  const world = testServer()
  const ben = await world.client('ben')
  ben.create('one', {})
  await ben.push()
  for (const device of ['y'.repeat(22), 'short', '%2e%2e']) {
    expect(await refusalOf(await revoke(world, device), 404)).toMatchObject({ code: 'bad_request' })
    await expect(world.server.revoke('stories', device)).rejects.toMatchObject({ code: 'bad_request' })
  }
  await expect(world.server.revoke('nowhere', ben.device.id)).rejects.toMatchObject({ code: 'bad_request' })
  expect((await ben.pullRaw()).status).toBe(200)
})

test('a pull that waits is refused when its device is revoked, and the others wait on', async () => {
  const { server, client, clock } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  for (const one of [anna, ben]) {
    one.create(one.device.name, {})
    await one.push()
  }
  await anna.pull()
  await ben.pull()
  const hers = anna.pullRaw({ waitMs: 10_000 })
  const his = ben.pullRaw({ waitMs: 10_000 })
  for (let turn = 0; turn < 100 && clock.waiting < 2; turn++) await nextTurn()
  expect(clock.waiting).toBe(2)
  await server.revoke('stories', ben.device.id)
  expect(await refusalOf(await his, 403)).toMatchObject({ code: 'forbidden' })
  clock.advance(10_000)
  expect((await hers).status).toBe(200)
})

test('what is no name of a space is refused to the host too, and so is everything after the end', async () => {
  const { server } = testServer()
  await expect(server.devices('../etc')).rejects.toMatchObject({ code: 'bad_request' })
  await server.close()
  await expect(server.devices('stories')).rejects.toMatchObject({ code: 'closed' })
  await expect(server.collect('stories')).rejects.toMatchObject({ code: 'closed' })
})
