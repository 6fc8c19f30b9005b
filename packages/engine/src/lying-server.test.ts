import { type Page, type Receipt, SyncError } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

test('a receipt that acknowledges more than was sent takes nothing else from the outbox', async () => {
  const world = new World()
  const device = await world.device({ limits: { batchOperations: 1 } })
  await device.notes.create('a', { title: 'A' })
  await device.notes.create('b', { title: 'B' })
  const push = device.link.push.bind(device.link)
  let pushes = 0
  device.link.push = async (request, options): Promise<Receipt> => {
    if (++pushes > 1) throw new Error('The connection broke.')
    const receipt = await push(request, options)
    return { ...receipt, acknowledged: receipt.acknowledged.map((dot) => ({ ...dot, counter: 1000 })) }
  }
  expect(await device.engine.syncNow()).toMatchObject({ ok: false })
  expect([device.engine.pendingOf('notes', 'a'), device.engine.pendingOf('notes', 'b')]).toEqual([0, 1])
  device.link.push = push
  await device.sync()
  const other = await world.device()
  await other.sync()
  expect(other.notes.list().map(({ id }) => id)).toEqual(['a', 'b'])
})

test('a page that promises more without going on is a bad message, not a loop', async () => {
  const world = new World()
  const device = await world.device()
  await device.notes.create('a', { title: 'A' })
  await device.sync()
  const pull = device.link.pull.bind(device.link)
  device.link.pull = async (request, options): Promise<Page> => ({ ...(await pull(request, options)), more: true })
  expect(await device.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'bad_message' } })
  device.link.pull = pull
  expect(await device.engine.syncNow()).toMatchObject({ ok: true })
})

test('a page that was kept from an earlier pull takes nothing away: it answers another request', async () => {
  const world = new World()
  const device = await world.device()
  const pull = device.link.pull.bind(device.link)
  const pages: Page[] = []
  device.link.pull = async (request, options): Promise<Page> => {
    const page = await pull(request, options)
    pages.push(page)
    return page
  }
  await device.notes.create('a', { title: 'A' })
  await device.sync()
  await device.sync()
  // Access that was taken and given back makes the device ask for everything anew, its own documents among it.
  device.link.refuse = () => new SyncError('forbidden', 'Not now.')
  await device.engine.syncNow()
  device.link.refuse = () => undefined
  device.link.pull = async () => pages.at(-1) as Page
  expect(await device.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'bad_message' } })
  expect(device.notes.get('a')).toEqual({ title: 'A' })
  device.link.pull = pull
  await device.sync()
  expect(device.notes.get('a')).toEqual({ title: 'A' })
})
