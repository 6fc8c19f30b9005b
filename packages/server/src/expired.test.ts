import { expect, test } from 'vitest'
import { outlast } from './testing/retention.ts'
import { type TestClient, refusalOf, replicaNamed } from './testing/test-client.ts'
import { type TestServer, testServer } from './testing/test-server.ts'

interface Absence extends TestServer {
  readonly anna: TestClient
  /** Was away while what it knew of was deleted, and the tombstone collected. */
  readonly ben: TestClient
}

async function afterAbsence(): Promise<Absence> {
  const world = testServer()
  const anna = await world.client('anna')
  const ben = await world.client('ben')
  anna.create('one', {})
  await anna.push()
  ben.create('two', {})
  await ben.push()
  await ben.pull()
  await ben.pull()
  anna.delete('one')
  await anna.push()
  await outlast(world.clock, anna)
  expect(await world.server.collect('stories')).toEqual({ collected: 3, removed: 1, retired: 1 })
  return { ...world, anna, ben }
}

const asNew = (client: TestClient): void => {
  client.replica = replicaNamed('another')
  client.counter = client.acknowledged = client.check = 0
}

test('who has not seen what was collected is answered resync, on pull and push', async () => {
  const { ben } = await afterAbsence()
  asNew(ben)
  expect(await refusalOf(await ben.pullRaw(), 409)).toMatchObject({
    code: 'resync',
    reason: 'expired',
    epochs: [{ id: ben.epoch, began: 0 }],
  })
  ben.create('three', {})
  expect(await refusalOf(await ben.pushRaw(), 409)).toMatchObject({
    code: 'resync',
    reason: 'expired',
    epochs: [{ id: ben.epoch, began: 0 }],
    replicas: [{ replica: ben.replica, counter: 0, check: 0 }],
  })
})

test('who stands exactly where the collection ended has seen it all', async () => {
  const { ben } = await afterAbsence()
  asNew(ben)
  ben.cursor = { ...ben.cursor, since: 3, after: 3 }
  expect(await ben.pull()).toMatchObject({ since: 3, collected: 3 })
})

test('who starts from nothing is never away for too long', async () => {
  const { ben } = await afterAbsence()
  asNew(ben)
  ben.cursor = { ...ben.cursor, since: 0, after: 0 }
  expect((await ben.pull()).rows.map(({ document }) => document)).toEqual(['two'])
})

test('a retired replica is answered resync, on pull and push, and told where its history ends', async () => {
  const { ben } = await afterAbsence()
  const check = ben.check
  ben.cursor = { ...ben.cursor, since: 0, after: 0 }
  ben.create('three', {})
  expect(await refusalOf(await ben.pullRaw(), 409)).toMatchObject({ code: 'resync', reason: 'expired' })
  expect(await refusalOf(await ben.pushRaw(), 409)).toMatchObject({
    code: 'resync',
    reason: 'expired',
    head: 3,
    replicas: [{ replica: ben.replica, counter: 1, check }],
  })
})

test('a restored database is told before an absence', async () => {
  const { ben } = await afterAbsence()
  ben.seen = 99
  expect(await refusalOf(await ben.pullRaw(), 409)).toMatchObject({ reason: 'restored' })
})

test('an absence is told before an epoch that is over', async () => {
  const { ben } = await afterAbsence()
  ben.epoch = replicaNamed('over') as unknown as typeof ben.epoch
  ben.create('three', {})
  expect(await refusalOf(await ben.pushRaw(), 409)).toMatchObject({ code: 'resync', reason: 'expired' })
})

test('whatever a base names of a retired replica counts as reached', async () => {
  const { anna, ben } = await afterAbsence()
  anna.update('two', 'n', 1, { base: [{ replica: ben.replica, counter: 99 }] })
  expect((await anna.push()).problem).toBeUndefined()
})

test('an edit of a document whose tombstone was collected is rejected, and a create makes it anew', async () => {
  const { anna } = await afterAbsence()
  anna.update('one', 'n', 1, { base: [{ replica: anna.replica, counter: 1 }] })
  expect((await anna.push()).problem).toMatchObject({ reason: { code: 'document_not_found' } })
  anna.outbox = []
  anna.counter--
  anna.create('one', { n: 2 })
  expect((await anna.push()).problem).toBeUndefined()
})
