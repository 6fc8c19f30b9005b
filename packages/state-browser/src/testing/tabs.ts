import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, serve, sqliteStore } from '@whisker/server'
import type { SyncStatus } from '@whisker/engine'
import { findBrowser, servePage } from '@whisker/tools/browser'
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core'
import { onTestFinished } from 'vitest'
import type { Note, Opened, TabOptions } from './page/page.ts'

/** A real browser, and the page that tests open in it. */
export interface Bench {
  readonly browser: Browser
  /** Where the page is. */
  readonly url: string
  close(): Promise<void>
}

export async function startBench(more: readonly string[] = []): Promise<Bench> {
  const { executablePath, args, env } = findBrowser()
  const [page, browser] = await Promise.all([
    servePage(join(import.meta.dirname, 'page')),
    chromium.launch({ executablePath, args: [...args, ...more], env }),
  ])
  return {
    browser,
    url: page.url,
    async close() {
      await browser.close()
      page.close()
    },
  }
}

/** A real server that can be down, and comes back at the same place with what it held. */
export class TestServer {
  readonly #file: string
  #port = 0
  #running: { readonly url: string; close(): Promise<void> } | undefined

  constructor(file: string) {
    this.#file = file
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async up(): Promise<this> {
    this.#running = await serve(createServer({ store: sqliteStore(this.#file) }), { port: this.#port })
    this.#port = Number(new URL(this.#running.url).port)
    return this
  }

  async down(): Promise<void> {
    await this.#running?.close()
    this.#running = undefined
  }
}

/** One tab from outside. */
export class TabHandle {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  async open(options: TabOptions): Promise<Opened> {
    return this.page.evaluate((given) => window.tab.open(given), options)
  }

  async write(id: string, fields: Note): Promise<string | undefined> {
    return this.page.evaluate(([which, note]) => window.tab.write(which, note), [id, fields] as const)
  }

  async remove(id: string): Promise<string | undefined> {
    return this.page.evaluate((which) => window.tab.remove(which), id)
  }

  async notes(): Promise<readonly (readonly [id: string, note: Note])[]> {
    return this.page.evaluate(() => window.tab.notes())
  }

  async status(): Promise<SyncStatus> {
    return this.page.evaluate(() => window.tab.status())
  }

  async synced(): Promise<void> {
    await this.page.evaluate(() => window.tab.synced())
  }

  async cutDatabase(): Promise<void> {
    await this.page.evaluate(() => window.tab.cutDatabase())
  }

  async closeEngine(): Promise<void> {
    await this.page.evaluate(() => window.tab.close())
  }

  /** The renderer dies, without a last word. */
  async crash(): Promise<void> {
    await this.page.goto('chrome://crash').catch(() => undefined)
    await this.page.close().catch(() => undefined)
  }

  /** Nothing of it runs any more, as in a tab that the browser has frozen; what it holds, it holds. Resolves to what thaws it. */
  async freeze(): Promise<() => Promise<void>> {
    const session = await this.page.context().newCDPSession(this.page)
    // The life cycle of a page can be set only where somebody could look at another. It stops in a task of its own: no browser
    // freezes a tab in the middle of one, where it may have opened a transaction and not closed it yet.
    await session.send('Debugger.enable')
    const stopped = new Promise((resolve) => session.once('Debugger.paused', resolve))
    this.page.evaluate('debugger').catch(() => undefined)
    await stopped
    return async () => void (await session.send('Debugger.resume'))
  }

  /** The same, as soon as the database answers anything that the tab reads. */
  async freezeWhenAnswered(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page)
    await session.send('Debugger.enable')
    await this.page.evaluate(STOP_WHEN_ANSWERED)
  }

  /** How many bytes this origin may keep: before anything is written, for the browser remembers for a while how much is left. */
  async setQuota(bytes: number): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page)
    const { origin } = new URL(this.page.url())
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: bytes })
  }

  /** The browser removes the databases of this origin, as one does that runs out of room. */
  async evict(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page)
    const { origin } = new URL(this.page.url())
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
  }
}

/** In the page: a breakpoint at the next answer of the database. */
const STOP_WHEN_ANSWERED = `
  const { get } = IDBObjectStore.prototype
  IDBObjectStore.prototype.get = function (...given) {
    const request = get.apply(this, given)
    request.addEventListener('success', () => { debugger })
    return request
  }
`

/** A tab on the page, which has opened nothing. */
export async function newTab(context: BrowserContext, url: string): Promise<TabHandle> {
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForFunction(() => 'tab' in window)
  return new TabHandle(page)
}

/** Up, on a new database, until the test is over. */
export async function startServer(): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-tabs-'))
  const server = await new TestServer(join(folder, 'server.db')).up()
  onTestFinished(async () => {
    await server.down()
    rmSync(folder, { recursive: true, force: true })
  })
  return server
}

/** A browser of its own, with nothing in it. */
export async function newDevice({ browser }: Bench): Promise<BrowserContext> {
  const context = await browser.newContext()
  onTestFinished(async () => context.close())
  return context
}

/** A tab that has opened the space and syncs. */
export async function openTab(context: BrowserContext, { url }: Bench, server: TestServer): Promise<TabHandle> {
  const tab = await newTab(context, url)
  await tab.open({ server: server.url, space: 'stories', store: 'app' })
  return tab
}
