import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder } from '../testing/run.ts'
import { backUp, restore } from './backup.ts'
import { type DeviceProcess, type ServerProcess, startDevice, startServer } from './control.ts'

const TOKEN = 'a-token'
const COLLECTIONS = { notes: { strategy: 'auto_merge' } } as const

interface Place {
  readonly folder: string
  server(port?: number): Promise<ServerProcess>
  device(name: string, url: string): Promise<DeviceProcess>
}

function ending<T extends { kill(): Promise<void> }>(process: T): T {
  onTestFinished(async () => process.kill())
  return process
}

function newPlace(): Place {
  const folder = newFolder()
  return {
    folder,
    async server(port = 0) {
      const server = await startServer({ file: join(folder, 'server.db'), token: TOKEN, port })
      ending(server.process)
      return server
    },
    async device(name, url) {
      const file = join(folder, `${name}.db`)
      return ending(await startDevice({ name, file, url, token: TOKEN, space: 'a', collections: COLLECTIONS }))
    },
  }
}

test('what fails in a device fails here, with its code', async () => {
  const place = newPlace()
  const device = await place.device('laptop', 'http://127.0.0.1:9')
  await expect(device.call('update', 'notes', 'none', {})).rejects.toMatchObject({ code: 'document_not_found' })
  await expect(device.call('create', 'other', 'a', {})).rejects.toMatchObject({ code: 'unknown_collection' })
  expect(await device.call('syncNow')).toMatchObject({ ok: false, failure: { code: 'network' } })
})

test('a device that cannot be opened says why and is not left running', async () => {
  const place = newPlace()
  await expect(place.device('no/such/folder', 'http://127.0.0.1:9')).rejects.toThrow('no/such/folder')
})

test('what waits for a process that is killed is told so', async () => {
  const place = newPlace()
  const device = await place.device('laptop', 'http://127.0.0.1:9')
  await device.call('start')
  const waiting = Promise.allSettled([device.call('synced'), device.next('sync_completed')])
  await device.kill()
  expect(await waiting).toMatchObject([
    { status: 'rejected', reason: { message: 'laptop was ended by SIGKILL.' } },
    { status: 'rejected', reason: { message: 'laptop was ended by SIGKILL.' } },
  ])
  expect(device.isRunning).toBe(false)
  await expect(device.call('count')).rejects.toThrow('laptop was ended by SIGKILL')
})

test('an event that does not come is not waited for without end', async () => {
  const device = await newPlace().device('laptop', 'http://127.0.0.1:9')
  await expect(device.next('sync_completed', () => true, 20)).rejects.toThrow('within 20 ms')
})

test('a server and a device that were killed go on from their files, on the same port', async () => {
  const place = newPlace()
  const { process, url, port } = await place.server()
  const laptop = await place.device('laptop', url)
  await laptop.call('createMany', 'notes', [
    ['one', { text: 'a' }],
    ['two', { text: 'b', more: 1 }],
  ])
  await laptop.call('start')
  await laptop.call('synced')
  await process.kill('SIGKILL')
  await laptop.call('update', 'notes', 'two', { more: undefined })
  await laptop.kill('SIGKILL')

  expect((await place.server(port)).url).toBe(url)
  const again = await place.device('laptop', url)
  expect(await again.call('status')).toMatchObject({ pending: 1, state: 'stopped' })
  await again.call('start')
  await again.call('synced')
  const tablet = await place.device('tablet', url)
  await tablet.call('start')
  await tablet.call('synced')
  expect(await tablet.call('documents')).toEqual([
    { collection: 'notes', id: 'one', value: { text: 'a' }, metadata: {}, pending: 0, conflicts: 0 },
    { collection: 'notes', id: 'two', value: { text: 'b' }, metadata: {}, pending: 0, conflicts: 0 },
  ])
  expect(await again.call('rejected')).toEqual([])
})

test('a server that is restored from a backup of its running self gets back what it lost', async () => {
  const place = newPlace()
  const [file, backup] = [join(place.folder, 'server.db'), join(place.folder, 'backup.db')]
  const { process, url, port } = await place.server()
  const laptop = await place.device('laptop', url)
  await laptop.call('create', 'notes', 'kept', { text: 'a' })
  await laptop.call('start')
  await laptop.call('synced')
  await backUp(file, backup)
  await laptop.call('create', 'notes', 'lost', { text: 'b' })
  await laptop.call('synced')
  await laptop.call('stop')
  await process.kill('SIGKILL')
  restore(file, backup)

  await place.server(port)
  const tablet = await place.device('tablet', url)
  await tablet.call('start')
  await tablet.call('synced')
  expect(await tablet.call('ids', 'notes')).toEqual(['kept'])
  await laptop.call('start')
  await laptop.call('synced')
  expect(await laptop.call('offered')).toEqual(['notes/lost'])
  await tablet.call('synced')
  expect(await tablet.call('ids', 'notes')).toEqual(['kept', 'lost'])
})

test('a server turns away whoever does not show the token', async () => {
  const place = newPlace()
  const { url } = await place.server()
  const file = join(place.folder, 'stranger.db')
  const settings = { name: 'stranger', file, url, token: 'another', space: 'a', collections: COLLECTIONS }
  const stranger = ending(await startDevice(settings))
  expect(await stranger.call('syncNow')).toMatchObject({ ok: false, failure: { code: 'needs_auth' } })
})
