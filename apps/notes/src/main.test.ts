import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findBrowser } from '@whisker/tools/browser'
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

let browser: Browser
beforeAll(async () => {
  const { executablePath, args, env } = findBrowser()
  browser = await chromium.launch({ executablePath, args: [...args], env })
})
afterAll(async () => browser.close())

const SOON = { timeout: 20_000 }
const FIRST = { timeout: 60_000 }

async function start(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-notes-'))
  const options = ['--page', '0', '--sync', '0', '--file', join(folder, 'notes.db')]
  const running = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    running.kill('SIGTERM')
    await once(running, 'exit')
    rmSync(folder, { recursive: true })
  })
  for await (const line of createInterface(running.stdout)) return /http\S+/.exec(line)?.[0] ?? ''
  throw new Error('It ended before it said where the page is.')
}

async function device(): Promise<BrowserContext> {
  const context = await browser.newContext()
  onTestFinished(async () => context.close())
  return context
}

async function openPage(context: BrowserContext, url: string, name: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${url}?name=${name}`)
  await status(page, 'Live', FIRST)
  return page
}

const status = async (page: Page, words: string, time: { timeout: number } = SOON): Promise<void> =>
  page.getByRole('status').filter({ hasText: words }).waitFor(time)

async function write(page: Page, text: string): Promise<void> {
  await page.getByLabel('Text').fill(text)
  await page.getByRole('button', { name: 'Save' }).click()
}

test('two devices write one note offline, see both versions when they are back, and choose one for both', async () => {
  const url = await start()
  const [mine, yours] = [await device(), await device()]
  const laptop = await openPage(mine, url, 'Laptop')
  const tablet = await openPage(yours, url, 'Tablet')
  await tablet.getByText('Also here: Laptop').waitFor(SOON)
  await laptop.getByRole('button', { name: 'New note' }).click()
  await tablet.getByRole('button', { name: 'Untitled' }).click(SOON)

  await Promise.all([mine, yours].map(async (context) => context.setOffline(true)))
  await status(laptop, 'Offline')
  await write(laptop, 'from the laptop')
  await write(tablet, 'from the tablet')
  await status(laptop, '1 to send')
  await Promise.all([mine, yours].map(async (context) => context.setOffline(false)))
  for (const page of [laptop, tablet]) {
    await page.getByText('Two versions of the text of “Untitled”').waitFor(SOON)
  }

  await laptop.getByRole('button', { name: 'from the laptop' }).click()
  for (const page of [laptop, tablet]) {
    await page.getByRole('group').waitFor({ state: 'detached', ...SOON })
    expect(await page.getByLabel('Text').inputValue()).toBe('from the laptop')
  }
}, 120_000)

test('a note that is deleted while another tab writes it comes back as a conflict, and what was typed with it', async () => {
  const url = await start()
  const context = await device()
  const first = await openPage(context, url, 'Laptop')
  await first.getByRole('button', { name: 'New note' }).click()
  const second = await openPage(context, url, 'Laptop')
  await second.getByRole('button', { name: 'Untitled' }).click(SOON)
  await second.getByLabel('Title').fill('Milk')
  await first.getByRole('button', { name: 'Delete' }).click()
  await second.getByText('Changed elsewhere').waitFor(SOON)
  await second.getByRole('button', { name: 'Save' }).click()
  await first.getByRole('button', { name: 'Keep it' }).click(SOON)
  for (const page of [first, second]) {
    await page.getByRole('group').waitFor({ state: 'detached', ...SOON })
    await expect.poll(() => page.getByRole('navigation').getByRole('listitem').allInnerTexts(), SOON).toEqual(['Milk'])
  }
}, 120_000)

test('what was typed and not saved is there when another note was opened meanwhile', async () => {
  const page = await openPage(await device(), await start(), 'Laptop')
  await page.getByRole('button', { name: 'New note' }).click()
  await page.getByLabel('Title').fill('Milk')
  await page.getByRole('button', { name: 'New note' }).click()
  const titles = page.getByRole('navigation').getByRole('listitem')
  await expect.poll(() => titles.allInnerTexts(), SOON).toEqual(['Milk', 'Untitled'])
}, 120_000)
