import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { findBrowser } from './tools/browser/find-browser.ts'

const workspaces = [
  ...['packages', 'apps'].flatMap((folder) =>
    readdirSync(join(import.meta.dirname, folder)).map((name) => `${folder}/${name}`),
  ),
  'bench',
  'tools',
]

const longTests = '**/*.long.test.ts'
const packedTests = '**/*.packed.test.ts'
const browserTests = '**/*.browser.test.{ts,tsx}'
const neverTests = ['**/node_modules/**', '**/dist/**']

const nameOf = (root: string): string =>
  (JSON.parse(readFileSync(join(import.meta.dirname, root, 'package.json'), 'utf8')) as { name: string }).name

// `vitest run` is everything but these two; `vitest run --mode long` is the long tests alone, `vitest run --mode packed` those of
// the packages as npm would get them. What is called `.browser.test` runs in Chromium.
export default defineConfig(({ mode }) => {
  const long = mode === 'long'
  const packed = mode === 'packed'
  const slow = long || packed
  const inNode = (root: string): TestProjectInlineConfiguration => ({
    extends: true as const,
    root,
    test: {
      name: nameOf(root),
      include: [long ? longTests : packed ? packedTests : '**/*.test.ts'],
      exclude: slow ? neverTests : [...neverTests, longTests, packedTests, browserTests],
      globalSetup: packed ? join(import.meta.dirname, 'tools/publish/pack.setup.ts') : [],
      // Generous, because tests start processes and the machine may be busy.
      testTimeout: slow ? 600_000 : 30_000,
      hookTimeout: 30_000,
    },
  })
  return {
    test: {
      passWithNoTests: long,
      // Many tests wait for a process, a socket or a browser more than they compute.
      maxWorkers: '100%',
      projects: [...workspaces.map(inNode), ...(slow ? [] : workspaces.filter(hasBrowserTests).map(inBrowser))],
    },
  }
})

const hasBrowserTests = (root: string): boolean =>
  existsSync(join(import.meta.dirname, root, 'src')) &&
  globSync('src/' + browserTests, { cwd: join(import.meta.dirname, root) }).length > 0

function inBrowser(root: string): TestProjectInlineConfiguration {
  const { executablePath, args, env } = findBrowser()
  return {
    extends: true as const,
    root,
    test: {
      name: `${nameOf(root)} in Chromium`,
      include: [browserTests],
      exclude: neverTests,
      testTimeout: 30_000,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({ launchOptions: { executablePath, args: [...args], env } }),
        instances: [{ browser: 'chromium' }],
      },
    },
  }
}
