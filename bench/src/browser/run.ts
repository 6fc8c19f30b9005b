import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBrowser, servePage } from '@whisker/tools/browser'
import { type BrowserContext, type Page, chromium } from 'playwright-core'
import { openPlace } from '../place.ts'
import { textsOf } from '../workload.ts'

/** Of one number of documents: the median of its rounds, in milliseconds. */
export interface BrowserFigures {
  readonly documents: number
  readonly firstSync: number
  readonly reopen: number
  readonly bareWrite: number
  readonly bareRead: number
}

const ROUNDS = 5

/** A device in Chromium, with its profile on the disk; each figure is taken in a renderer of its own. */
export async function measureBrowser(documents: number, tell: (step: string) => void): Promise<BrowserFigures> {
  const place = openPlace(undefined)
  const profile = mkdtempSync(join(tmpdir(), 'whisker-bench-profile-'))
  const page = await servePage(join(import.meta.dirname, 'page'))
  const { executablePath, args, env } = findBrowser()
  tell(`${documents} documents on a server`)
  const { url } = await place.space(documents)
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: [...args],
    env,
  })
  const rounds: Omit<BrowserFigures, 'documents'>[] = []
  try {
    const texts = textsOf(documents)
    for (let round = 0; round < ROUNDS; round++) {
      tell(`round ${round + 1} of ${ROUNDS}`)
      const store = `bench ${round}`
      const firstSync = await inPage(context, page.url, async (tab) =>
        tab.evaluate(([server, name]) => window.measured.firstSync(server, name), [url, store] as const),
      )
      const reopened = await inPage(context, page.url, async (tab) =>
        tab.evaluate((name) => window.measured.reopen(name), store),
      )
      if (reopened.documents !== documents) throw new Error(`Expected ${documents}, got ${reopened.documents}.`)
      const bareWrite = await inPage(context, page.url, async (tab) =>
        tab.evaluate((all) => window.measured.bareWrite(all), texts),
      )
      const bareRead = await inPage(context, page.url, async (tab) => tab.evaluate(() => window.measured.bareRead()))
      rounds.push({ firstSync, reopen: reopened.ms, bareWrite, bareRead })
    }
  } finally {
    await context.close()
    page.close()
    await place.end()
    rmSync(profile, { recursive: true, force: true })
  }
  const median = (name: keyof (typeof rounds)[number]): number =>
    rounds.map((round) => round[name]).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN
  return {
    documents,
    firstSync: median('firstSync'),
    reopen: median('reopen'),
    bareWrite: median('bareWrite'),
    bareRead: median('bareRead'),
  }
}

async function inPage<T>(context: BrowserContext, url: string, work: (page: Page) => Promise<T>): Promise<T> {
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForFunction(() => 'measured' in window)
  const result = await work(page)
  await page.close()
  return result
}
