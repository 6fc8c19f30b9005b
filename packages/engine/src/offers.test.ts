import { SyncError } from '@whisker/protocol'
import { createServer, sqliteStore } from '@whisker/server'
import { describe, expect, test } from 'vitest'
import { type Device, type Note, World, meet } from './testing/world.ts'

const DOTTED = { title: 'One', body: 'b'.repeat(1000), 'k.j': 'one', k: { j: 'two' } } as Note
const DOTTED_EDIT = { 'k.j': 'ONE', k: { j: 'TWO' } } as unknown as Note

/** A document that was edited here and deleted elsewhere, so that both stand; the server has lost it. */
async function lostDocument(): Promise<{ world: World; device: Device }> {
  const world = new World()
  const [device, other] = await world.pair()
  await device.notes.create('a', DOTTED)
  await meet(device, other)
  await device.notes.update('a', DOTTED_EDIT)
  await device.notes.updateMetadata('a', { pinned: true })
  await other.notes.delete('a')
  await meet(device, other)
  return { world, device }
}

const WRITES = [
  ['create', 'content', [], DOTTED],
  ['update', 'content', ['k.j'], 'ONE'],
  ['update', 'content', ['k', 'j'], 'TWO'],
  ['delete', 'content', [], undefined],
  ['metadata_update', 'metadata', ['pinned'], true],
]

const writesOf = ({ engine }: Device): unknown[] =>
  engine.rejected
    .list()
    .flatMap(({ operation: { type, delta } }) => delta.map(({ root, path, value }) => [type, root, path, value]))

/** Opens the store again, which must have kept everything, and retries all that was rejected. */
async function reopenAndRetry(device: Device): Promise<Device> {
  const rejected = device.engine.rejected.list()
  const again = await device.reopen()
  expect(again.engine.rejected.list()).toEqual(rejected)
  for (const { id } of rejected) await again.engine.rejected.retry(id)
  await again.sync()
  await again.notes.create('b', { title: 'Two' })
  await again.sync()
  return again.reopen()
}

describe('a lost document that the server refuses when it is offered', () => {
  test('goes to rejected whole, the store opens again, and a retry does not jam the outbox', async () => {
    const { world, device } = await lostDocument()
    const { clock } = world
    world.server = createServer({ clock, store: sqliteStore(':memory:'), limits: { documentBytes: 500 } })
    await device.sync()
    expect(writesOf(device)).toHaveLength(WRITES.length)
    expect(writesOf(device)).toEqual(expect.arrayContaining(WRITES))
    const ids = new Set(device.engine.rejected.list().map(({ id }) => id))
    expect([ids.size, device.notes.size, device.engine.status.pending]).toEqual([WRITES.length, 0, 0])
    const again = await reopenAndRetry(device)
    expect([again.notes.get('b'), again.engine.status.pending]).toEqual([{ title: 'Two' }, 0])
  })

  test('because its message is too large goes to rejected just so', async () => {
    const { world, device } = await lostDocument()
    world.restart(sqliteStore(':memory:'))
    device.link.before = (_, push) => {
      if (push?.offers.length) throw new SyncError('too_large', 'The body is too large.')
    }
    await device.sync()
    expect(writesOf(device)).toHaveLength(WRITES.length)
    expect(writesOf(device)).toEqual(expect.arrayContaining(WRITES))
    const ids = new Set(device.engine.rejected.list().map(({ id }) => id))
    expect([ids.size, device.notes.size, device.engine.status.pending]).toEqual([WRITES.length, 0, 0])
    const again = await reopenAndRetry(device)
    expect([again.notes.get('b'), again.engine.status.pending]).toEqual([{ title: 'Two' }, 0])
  })
})

test('operations wait until all offers of lost documents have been taken', async () => {
  const world = new World()
  const device = await world.device({ limits: { messageBytes: 2000 } })
  for (let index = 0; index < 6; index++) await device.notes.create(`n${index}`, { body: 'b'.repeat(600) })
  await device.sync()
  await device.notes.update('n5', { title: 'edited' })
  world.restart(sqliteStore(':memory:'))
  device.link.pushes.length = 0
  await device.sync()
  const { pushes } = device.link
  const offering = pushes.slice(pushes.findIndex(({ offers }) => offers.length > 0))
  expect(offering.flatMap(({ offers }) => offers)).toHaveLength(6)
  expect(offering.length).toBeGreaterThan(2)
  const lastOffers = offering.findLastIndex(({ offers }) => offers.length > 0)
  for (const { entries } of offering.slice(0, lastOffers)) expect(entries).toEqual([])
  expect([device.engine.rejected.list(), device.engine.status.pending]).toEqual([[], 0])
  const other = await world.device()
  await other.sync()
  expect([other.notes.size, other.notes.get('n5')?.title]).toEqual([6, 'edited'])
})
