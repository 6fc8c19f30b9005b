import { randomBytes } from 'node:crypto'
import type { BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Bench,
  type TabHandle,
  type TestServer,
  newDevice,
  newTab,
  openTab,
  startBench,
  startServer,
} from './testing/tabs.ts'

let bench: Bench
beforeAll(async () => {
  bench = await startBench()
})
afterAll(async () => bench.close())

const SOON = { timeout: 20_000, interval: 50 }

const device = async (): Promise<BrowserContext> => newDevice(bench)
const tab = async (context: BrowserContext, host: TestServer): Promise<TabHandle> => openTab(context, bench, host)

test('a device without a network says so before anything is sent, and what it writes is on the other when it is back', async () => {
  const host = await startServer()
  const [mine, yours] = [await device(), await device()]
  const [a, b] = [await tab(mine, host), await tab(yours, host)]
  await a.write('one', { text: 'It rained.' })
  await expect.poll(async () => b.notes(), SOON).toEqual([['one', { text: 'It rained.' }]])
  await mine.setOffline(true)
  await yours.setOffline(true)
  for (const one of [a, b]) await expect.poll(async () => (await one.status()).state, SOON).toBe('offline')
  await a.write('two', { text: 'It stopped.' })
  await b.write('one', { title: 'Rain' })
  await mine.setOffline(false)
  await yours.setOffline(false)
  const both = [
    ['one', { text: 'It rained.', title: 'Rain' }],
    ['two', { text: 'It stopped.' }],
  ]
  await expect.poll(async () => a.notes(), SOON).toEqual(both)
  await expect.poll(async () => b.notes(), SOON).toEqual(both)
})

describe('tabs of one browser', () => {
  test('write at once, also offline, and each shows at once what another wrote', async () => {
    const host = await startServer()
    const browser = await device()
    const tabs = [await tab(browser, host), await tab(browser, host), await tab(browser, host)]
    await host.down()
    await Promise.all(tabs.map(async (one, at) => one.write(`note${at}`, { text: `of ${at}` })))
    const all = tabs.map((_, at) => [`note${at}`, { text: `of ${at}` }])
    for (const one of tabs) await expect.poll(async () => one.notes(), SOON).toEqual(all)
    await host.up()
    await Promise.all(tabs.map(async (one) => one.synced()))
    const fresh = await tab(await device(), host)
    await expect.poll(async () => fresh.notes(), SOON).toEqual(all)
  })

  test.each<[string, (leader: TabHandle) => Promise<void>]>([
    ['is closed', async ({ page }) => page.close()],
    ['crashes', async (leader) => leader.crash()],
    ['is frozen', async (leader) => void (await leader.freeze())],
    ['is loaded anew', async ({ page }) => void (await page.reload())],
  ])('go on when the one that talks to the server %s', async (_, end) => {
    const host = await startServer()
    const browser = await device()
    const [leader, ...others] = [await tab(browser, host), await tab(browser, host), await tab(browser, host)]
    const other = await tab(await device(), host)
    await leader.write('one', { text: 'It rained.' })
    await expect.poll(async () => other.notes(), SOON).toEqual([['one', { text: 'It rained.' }]])
    await end(leader)
    for (const [at, one] of others.entries()) await one.write('one', { [`field${at}`]: 'later' })
    const note = ['one', { text: 'It rained.', field0: 'later', field1: 'later' }]
    await expect.poll(async () => other.notes(), SOON).toEqual([note])
    await other.write('two', { text: 'It stopped.' })
    for (const one of others)
      await expect.poll(async () => one.notes(), SOON).toEqual([note, ['two', { text: 'It stopped.' }]])
    for (const one of others) await one.synced()
  })

  test('a tab that was frozen while it led goes on when it is thawed, and nothing is lost or doubled', async () => {
    const host = await startServer()
    const browser = await device()
    const [leader, second] = [await tab(browser, host), await tab(browser, host)]
    await leader.write('one', { text: 'It rained.' })
    await leader.synced()
    const thaw = await leader.freeze()
    await second.write('two', { text: 'It stopped.' })
    const other = await tab(await device(), host)
    await expect
      .poll(async () => other.notes(), SOON)
      .toEqual([
        ['one', { text: 'It rained.' }],
        ['two', { text: 'It stopped.' }],
      ])
    await thaw()
    await leader.write('three', { text: 'It snowed.' })
    const all = [
      ['one', { text: 'It rained.' }],
      ['three', { text: 'It snowed.' }],
      ['two', { text: 'It stopped.' }],
    ]
    for (const one of [leader, second, other]) await expect.poll(async () => one.notes(), SOON).toEqual(all)
    for (const one of [leader, second]) await one.synced()
  })

  test('a tab that is frozen in the middle of a transaction holds up no other', async () => {
    const host = await startServer()
    const browser = await device()
    const [first, second] = [await tab(browser, host), await tab(browser, host)]
    await first.freezeWhenAnswered()
    await second.write('one', { text: 'It rained.' })
    const beganMs = performance.now()
    expect(await second.write('two', { text: 'It stopped.' })).toBeUndefined()
    // Chromium ends a transaction that nobody goes on with after a minute.
    expect(performance.now() - beganMs).toBeLessThan(20_000)
  })

  test('a tab that is loaded anew in the middle of a sync goes on with it', async () => {
    const host = await startServer()
    const [mine, yours] = [await device(), await device()]
    const a = await tab(mine, host)
    await host.down()
    const ids = Array.from({ length: 300 }, (_, at) => `note${String(at).padStart(3, '0')}`)
    for (const id of ids) await a.write(id, { text: 'x'.repeat(2000) })
    await host.up()
    const b = await tab(yours, host)
    for (let count = 0; count < 3; count++) {
      await a.page.reload()
      await a.open({ server: host.url, space: 'stories', store: 'app' })
    }
    await a.synced()
    await expect.poll(async () => (await b.notes()).map(([id]) => id), SOON).toEqual(ids)
  })

  test('a server that is down, and up again, is a reason to wait for and nothing more', async () => {
    const host = await startServer()
    const browser = await device()
    const [first, second] = [await tab(browser, host), await tab(browser, host)]
    await first.synced()
    await host.down()
    for (const one of [first, second]) {
      // A server that closes says so, to whom it can; to others it is gone.
      await expect.poll(async () => (await one.status()).reason?.code, SOON).toMatch(/^(network|unavailable)$/)
    }
    await second.write('one', { text: 'It rained.' })
    expect((await second.status()).pending).toBe(1)
    await host.up()
    for (const one of [first, second]) {
      await one.synced()
      expect(await one.status()).toMatchObject({ pending: 0 })
    }
  })
})

describe('what browsers do to a database', () => {
  test('a connection that is closed underneath is opened again, and no write fails', async () => {
    const host = await startServer()
    const one = await tab(await device(), host)
    for (let count = 0; count < 30; count++) {
      if (count % 3 === 0) await one.cutDatabase()
      expect(await one.write(`note${count}`, { text: 'It rained.' })).toBeUndefined()
    }
    await one.synced()
    expect(await (await tab(await device(), host)).synced()).toBeUndefined()
    expect((await one.notes()).length).toBe(30)
  })

  test('no more room is disk_full for the write, which leaves nothing; what was stored stays and is sent', async () => {
    const host = await startServer()
    const one = await newTab(await device(), bench.url)
    await one.setQuota(500_000)
    await one.open({ server: host.url, space: 'stories', store: 'app' })
    await host.down()
    expect(await one.write('one', { text: 'It rained.' })).toBeUndefined()
    expect(await one.write('two', { text: randomBytes(400_000).toString('base64') })).toBe('disk_full')
    expect(await one.notes()).toEqual([['one', { text: 'It rained.' }]])
    await one.setQuota(50_000_000)
    expect(await one.write('three', { text: 'It stopped.' })).toBeUndefined()
    await host.up()
    await one.synced()
    const fresh = await tab(await device(), host)
    await expect
      .poll(async () => fresh.notes(), SOON)
      .toEqual([
        ['one', { text: 'It rained.' }],
        ['three', { text: 'It stopped.' }],
      ])
  })

  test('what was removed while it was open is told, and the next opening is another device that gets all again', async () => {
    const host = await startServer()
    const one = await tab(await device(), host)
    await one.write('one', { text: 'It rained.' })
    await one.synced()
    await one.evict()
    expect(await one.write('two', { text: 'It stopped.' })).toBe('store_damaged')
    await one.page.reload()
    const again = await one.open({ server: host.url, space: 'stories', store: 'app' })
    expect(again.wasEvicted).toBe(true)
    await expect.poll(async () => one.notes(), SOON).toEqual([['one', { text: 'It rained.' }]])
  })
})
