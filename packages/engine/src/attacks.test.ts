import { type Dot, type Operation, type Page, type PageRow, type Receipt, SyncError } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { refusal } from './testing/local.ts'
import { type Device, World, pause } from './testing/world.ts'

const STRANGER: Dot = { replica: 'strangerstranger' as Dot['replica'], counter: 7 }
const MOST_REQUESTS = 30

/** One round against a server that lies; how it ended, and in how many requests. */
async function lie(device: Device, about: { push?: (receipt: Receipt) => Receipt; pull?: Lie }): Promise<string> {
  const { link, engine } = device
  const [push, pull] = [link.push.bind(link), link.pull.bind(link)]
  let requests = 0
  const count = (): void => {
    if (++requests > MOST_REQUESTS) throw new SyncError('stopped', 'There is no end to it.')
  }
  link.push = async (request, options): Promise<Receipt> => {
    count()
    const receipt = await push(request, options)
    return about.push?.(receipt) ?? receipt
  }
  link.pull = async (request, options): Promise<Page> => {
    count()
    const page = await pull(request, options)
    return about.pull?.(page, request.acknowledged.at(0)) ?? page
  }
  const result = await engine.syncNow()
  Object.assign(link, { push, pull })
  return result.ok ? 'ok' : result.error.code
}
type Lie = (page: Page, own: Dot | undefined) => Page

async function expectWhole(device: Device, world: World): Promise<void> {
  expect(device.engine.rejected.list()).toEqual([])
  await device.sync()
  expect(device.engine.status.pending).toBe(0)
  const other = await world.device()
  await other.sync()
  expect(other.notes.list().map(({ id, value }) => [id, value])).toEqual([
    ['a', { title: 'Two' }],
    ['b', { title: 'Three' }],
  ])
}

async function withPending(): Promise<{ world: World; device: Device }> {
  const world = new World()
  const device = await world.device()
  await device.notes.create('a', { title: 'One' })
  await device.sync()
  await device.notes.update('a', { title: 'Two' })
  await device.notes.create('b', { title: 'Three' })
  return { world, device }
}

const takingNothing = (receipt: Receipt): Receipt => ({ ...receipt, acknowledged: [] })

/** Shows fifty more operations of whoever asks than they know to be acknowledged. */
const showingMoreOfOurs: Lie = (page, own) => {
  if (!own) return page
  const dot = { replica: own.replica, counter: own.counter + 50 }
  const write = { root: 'content', path: [], value: { title: 'evil' }, dot, time: 5, base: [], keep: [] } as const
  const state = { version: [dot], writes: [write] }
  const row: PageRow = { collection: 'notes', document: 'q', seq: page.head, state, operations: [] }
  return { ...page, rows: [row] }
}

describe('the round ends with an error, and the outbox is whole', () => {
  test('when a receipt takes nothing and does not say why', async () => {
    const { world, device } = await withPending()
    expect([await lie(device, { push: takingNothing }), device.engine.status.pending]).toEqual(['bad_message', 2])
    await expectWhole(device, world)
  })

  test('when a receipt rejects an operation that was not sent', async () => {
    const { world, device } = await withPending()
    const problem = { code: 'operation_rejected', dot: STRANGER, reason: { code: 'no', message: 'No.' } } as const
    const push = (receipt: Receipt): Receipt => ({ ...takingNothing(receipt), problem })
    expect([await lie(device, { push }), device.engine.status.pending]).toEqual(['bad_message', 2])
    await expectWhole(device, world)
  })

  test('when a receipt misses what an operation stands on that was not sent', async () => {
    const { world, device } = await withPending()
    const problem = { code: 'missing', dot: STRANGER, collection: 'notes', document: 'a' } as const
    const push = (receipt: Receipt): Receipt => ({ ...takingNothing(receipt), problem })
    expect([await lie(device, { push }), device.engine.status.pending]).toEqual(['bad_message', 2])
    await expectWhole(device, world)
  })

  test('when a page is older than what was told before', async () => {
    const { world, device } = await withPending()
    await device.sync()
    expect(await lie(device, { pull: (page) => ({ ...page, head: page.head - 1 }) })).toBe('bad_message')
    await expectWhole(device, world)
  })

  test('when every page shows more of our replica than we made', async () => {
    const { world, device } = await withPending()
    await device.sync()
    expect(await lie(device, { pull: showingMoreOfOurs })).toBe('server_error')
    await expectWhole(device, world)
  })
})

test('a client that was told a head beyond the server recovers by itself', async () => {
  const { world, device } = await withPending()
  await lie(device, { pull: (page) => ({ ...page, since: 50, after: 50, head: 50 }) })
  const other = await world.device()
  await other.drafts.create('theirs', { title: 'theirs' })
  await other.sync()
  await device.drafts.create('ours', { title: 'ours' })
  await device.sync()
  await other.sync()
  for (const { drafts } of [device, other]) expect(drafts.list().map(({ id }) => id)).toEqual(['ours', 'theirs'])
  await expectWhole(device, world)
})

const validate = (operation: Operation): { code: string; message: string } | undefined =>
  JSON.stringify(operation.delta).includes('bad') ? { code: 'bad', message: 'It is bad.' } : undefined

describe('the acknowledgement of a write that a later one superseded before it was sent', () => {
  test('resolves when the later one is on the server, and not before', async () => {
    const device = await new World().device({ limits: { batchOperations: 1 } })
    await device.notes.create('a', {})
    await device.sync()
    const first = device.notes.update('a', { title: 'One' })
    let isAcknowledged = false
    void first.acknowledged.then(() => (isAcknowledged = true))
    await first
    const second = device.notes.update('a', { title: 'Two' })
    await second
    let pushes = 0
    device.link.refuse = (kind) =>
      kind === 'push' && ++pushes > 1 ? new SyncError('network', 'There is no connection.') : undefined
    expect(await device.engine.syncNow()).toMatchObject({ ok: false })
    await pause()
    expect([pushes, device.engine.status.pending, isAcknowledged]).toEqual([2, 1, false])
    device.link.refuse = () => undefined
    await device.sync()
    await Promise.all([first.acknowledged, second.acknowledged])
  })

  test('rejects when the later one is rejected', async () => {
    const device = await new World({ validate }).device()
    await device.notes.create('a', {})
    await device.sync()
    const first = device.notes.update('a', { title: 'good' })
    await first
    const second = device.notes.update('a', { title: 'bad' })
    await second
    await device.sync()
    for (const write of [first, second]) expect((await refusal(write.acknowledged)).code).toBe('operation_rejected')
  })
})

test('destroy refuses writes from the moment it is called', async () => {
  const device = await new World().device()
  await device.notes.create('a', { title: 'One' })
  await device.sync()
  const destroyed = device.engine.destroy()
  const writes = [
    device.notes.create('b', { title: 'late' }),
    device.notes.update('a', { title: 'late' }),
    device.engine.batch(() => void device.notes.delete('a')),
  ]
  for (const write of writes) expect((await refusal(write)).code).toBe('closed')
  await destroyed
})
