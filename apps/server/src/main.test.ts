import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { SyncEngine, memoryState } from '@whisker/engine'
import { mintApiKey } from '@whisker/server/auth'
import { httpTransport } from '@whisker/transport-http'
import { webSocketTransport } from '@whisker/transport-ws'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder } from './testing/folder.ts'
import { type ServerProcess, startServer } from './testing/server-process.ts'

/** Tokens that anybody can make who knows what is in this file. */
const SECRET = {
  WHISKER_JWT_ALGORITHM: 'HS256',
  WHISKER_JWT_AUDIENCE: 'sync',
  WHISKER_JWT_ISSUER: 'https://id.example',
  WHISKER_JWT_SECRET_FILE: import.meta.filename,
}
const ada = mintApiKey()
const bob = mintApiKey()
const SOON = { timeout: 20_000 }

const urlIn = (line: string): string => /http:\/\/[\d.:]+/.exec(line)?.[0] ?? expect.fail(`no url in “${line}”`)

interface KnownServer extends ServerProcess {
  readonly url: string
}

/** A server that knows Ada and Bob by their keys. */
async function serverOfTwo(
  settings: Readonly<Record<string, string>> = {},
  folder = newFolder(),
): Promise<KnownServer> {
  const keys = [
    { principal: 'ada', hash: ada.hash },
    { principal: 'bob', hash: bob.hash },
  ]
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(keys))
  const server = startServer({ WHISKER_API_KEYS: 'keys.json', ...settings }, folder)
  return { ...server, url: urlIn(await server.line('listens at')) }
}

/** A device of somebody's, which does not sync before it is told to. */
async function deviceOf(token: string, space: string, url: string, isLive = false) {
  const transport = (isLive ? webSocketTransport : httpTransport)({ url, token })
  const collections = { notes: {} }
  const engine = await SyncEngine.open<{ notes: { text: string } }>({
    space,
    collections,
    state: memoryState(),
    transport,
  })
  onTestFinished(async () => engine.close())
  const notes = engine.collection('notes')
  return { engine, notes, texts: () => notes.list().map(({ value }) => value.text), sync: async () => engine.syncNow() }
}

test('it keeps what is sent with a key, over a stop and another start', async () => {
  const folder = newFolder()
  const server = await serverOfTwo({}, folder)
  const laptop = await deviceOf(ada.key, 'ada.novel', server.url)
  await laptop.notes.create('one', { text: 'It rained.' })
  expect(await laptop.sync()).toMatchObject({ ok: true })
  server.process.kill('SIGTERM')
  expect(await once(server.process, 'exit')).toEqual([0, null])
  expect(await server.line('Stopped')).toBe('Stopped: running requests are answered, and the database is closed.')

  const again = await serverOfTwo({}, folder)
  const tablet = await deviceOf(ada.key, 'ada.novel', again.url, true)
  expect(await tablet.sync()).toMatchObject({ ok: true })
  expect(tablet.texts()).toEqual(['It rained.'])
})

test('a stranger is asked who they are, and nobody gets into the spaces of others', async () => {
  const { url } = await serverOfTwo()
  const stranger = await deviceOf('whisker_unknown', 'ada.novel', url)
  expect(await stranger.sync()).toMatchObject({ ok: false, error: { code: 'needs_auth' } })
  const other = await deviceOf(bob.key, 'ada.novel', url)
  expect(await other.sync()).toMatchObject({ ok: false, error: { code: 'forbidden' } })
})

test('on SIGHUP it reads its files again: who has lost a right is cut off, and what cannot be read changes nothing', async () => {
  const folder = newFolder()
  const file = join(folder, 'rights.json')
  const allow = (...principals: string[]): void =>
    writeFileSync(file, JSON.stringify([{ principals, spaces: ['novel'], may: ['read', 'write', 'create'] }]))
  allow('ada', 'bob')
  const { process, line, url } = await serverOfTwo({ WHISKER_RIGHTS: file }, folder)
  const [laptop, tablet] = [await deviceOf(ada.key, 'novel', url), await deviceOf(bob.key, 'novel', url, true)]
  await laptop.notes.create('one', { text: 'It rained.' })
  await laptop.sync()
  tablet.engine.start()
  await expect.poll(() => tablet.engine.status.state, SOON).toBe('live')
  expect(tablet.texts()).toEqual(['It rained.'])

  writeFileSync(file, 'no JSON')
  process.kill('SIGHUP')
  await line('stay as they were')
  await expect.poll(() => tablet.engine.status.state, SOON).toBe('live')
  expect(await tablet.sync()).toMatchObject({ ok: true })

  allow('ada')
  process.kill('SIGHUP')
  expect(await line('were read again')).toBe('Keys and rights were read again: 2 keys; 1 entry of rights.')
  await expect.poll(() => tablet.engine.status.state, SOON).not.toBe('live')
  await laptop.notes.create('two', { text: 'It stopped.' })
  expect(await laptop.sync()).toMatchObject({ ok: true })
  expect(await tablet.sync()).toMatchObject({ ok: false, error: { code: 'forbidden' } })
  expect(tablet.texts()).toEqual(['It rained.'])
})

test('a list without keys lets nobody in any more, and is warned of', async () => {
  const folder = newFolder()
  const { process, line, url } = await serverOfTwo({}, folder)
  const laptop = await deviceOf(ada.key, 'ada.novel', url)
  expect(await laptop.sync()).toMatchObject({ ok: true })
  writeFileSync(join(folder, 'keys.json'), '[]')
  process.kill('SIGHUP')
  expect(await line('were read again')).toContain('0 keys')
  await line('Warning: There are no keys, so nobody can come in.')
  expect(await laptop.sync()).toMatchObject({ ok: false, error: { code: 'needs_auth' } })
})

test('on SIGHUP it says that there is nothing to read where no file is set', async () => {
  const { process, line } = startServer({})
  await line('listens at')
  process.kill('SIGHUP')
  expect(await line('again')).toBe('There was nothing to read again: neither keys nor rights are in a file.')
})

test('its metrics are on a port of their own, and its log tells neither keys nor what is written', async () => {
  const { line, url } = await serverOfTwo({ WHISKER_METRICS_PORT: '0' })
  const [metrics = ''] = /http:\S+/.exec(await line('Metrics are at')) ?? []
  const laptop = await deviceOf(ada.key, 'ada.novel', url)
  await laptop.notes.create('one', { text: 'It rained.' })
  await laptop.sync()
  const told = await (await fetch(metrics)).text()
  expect(told).toMatch(/^whisker_\w+/m)
  const logged = await line('"method":"POST"')
  for (const text of [told, logged]) {
    expect(text).not.toContain(ada.key)
    expect(text).not.toContain('It rained.')
  }
  expect((await fetch(`${url}/metrics`)).status).toBe(404)
})

test.for<[string, Record<string, string>, string]>([
  ['a port that is none', { WHISKER_PORT: 'eighty' }, 'WHISKER_PORT'],
  ['a file of keys that is not there', { WHISKER_API_KEYS: 'none.json' }, 'WHISKER_API_KEYS=none.json'],
  ['the whole network to answer, and nobody known', { WHISKER_HOST: '0.0.0.0' }, 'Set WHISKER_API_KEYS'],
  ['an address that is not of this machine', { WHISKER_HOST: '999.1.1.1', ...SECRET }, 'WHISKER_HOST=999.1.1.1'],
  ['a database that cannot be opened', { WHISKER_DATABASE: '/nowhere/at/all.db' }, '/nowhere/at/all.db'],
])('with %s it does not start, and says why', async ([, settings, what]) => {
  const { process, line } = startServer(settings)
  const said = line(what)
  expect(await once(process, 'exit')).toEqual([1, null])
  expect(await said).toContain(what)
})

test.for(['WHISKER_PORT', 'WHISKER_METRICS_PORT'])(
  'where %s is taken it does not start, and says which',
  async (name) => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { process, lines } = startServer({ [name]: String(port) })
    expect(await once(process, 'close')).toEqual([1, null])
    expect(lines()).toEqual([
      `${name}=${port}: another program listens at 127.0.0.1:${port}.`,
      `End that program, or name another port in ${name}.`,
    ])
  },
)
