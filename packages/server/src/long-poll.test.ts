import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { pageOf, type TestClient } from './testing/test-client.ts'
import { type TestServer, testServer } from './testing/test-server.ts'

/** Pulls, and tells when the server holds the answer back. */
async function heldPull(anna: TestClient, { clock }: TestServer, waitMs: number, signal?: AbortSignal) {
  const answer = anna.pullRaw({ waitMs }, signal)
  for (let turn = 0; turn < 100 && clock.waiting === 0; turn++) await nextTurn()
  expect(clock.waiting).toBe(1)
  return { answer }
}

test('a pull that waits is answered by the next push to its space', async () => {
  const world = testServer()
  const anna = await world.client('anna')
  const ben = await world.client('ben')
  const elsewhere = await world.client('carol', 'elsewhere')
  const { answer } = await heldPull(anna, world, 10_000)
  elsewhere.create('x', {})
  await elsewhere.push()
  expect(world.clock.waiting).toBe(1)
  ben.create('one', {})
  await ben.push()
  expect((await pageOf(await answer)).rows).toHaveLength(1)
  expect(world.clock.waiting).toBe(0)
})

test('a pull that waits is answered when its time is over, after 25 seconds at most', async () => {
  const world = testServer()
  const anna = await world.client('anna')
  const { answer } = await heldPull(anna, world, 3_600_000)
  world.clock.advance(25_000)
  expect(await pageOf(await answer)).toMatchObject({ rows: [], head: 0 })
  expect(world.clock.waiting).toBe(0)
})

test('a pull that has something to tell does not wait', async () => {
  const world = testServer()
  const anna = await world.client('anna')
  const ben = await world.client('ben')
  ben.create('one', {})
  await ben.push()
  expect((await anna.pull({ waitMs: 10_000 })).rows).toHaveLength(1)
  expect(world.clock.waiting).toBe(0)
})

test('a pull whose client is gone waits no longer', async () => {
  const world = testServer()
  const anna = await world.client('anna')
  const controller = new AbortController()
  const { answer } = await heldPull(anna, world, 10_000, controller.signal)
  controller.abort()
  await answer
  expect(world.clock.waiting).toBe(0)
})

test('a server that closes lets no pull wait, and refuses new requests', async () => {
  const world = testServer()
  const anna = await world.client('anna')
  const { answer } = await heldPull(anna, world, 10_000)
  const closed = world.server.close()
  const refused = await anna.pullRaw()
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('10')
  expect((await answer).status).toBe(200)
  await closed
  expect(world.clock.waiting).toBe(0)
})
