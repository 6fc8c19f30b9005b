import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

/** How to start a Chromium. */
export interface Browser {
  readonly executablePath: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

const NO_SANDBOX = process.platform === 'linux' ? ['--no-sandbox', '--disable-dev-shm-usage'] : []

/**
 * A Chromium for tests, without a manual step: that of `BROWSER_PATH`; else the one that is in an npm package, on Linux with
 * x64; else one that Playwright has installed; else one of this machine. A test without a browser would be none: throws.
 */
export function findBrowser(): Browser {
  const found = process.env['BROWSER_PATH'] ?? bundled() ?? installed()
  if (found === undefined) {
    throw new Error('There is no Chromium here. Install Chrome, Chromium or Edge, or name one in BROWSER_PATH.')
  }
  return typeof found === 'string' ? { executablePath: found, args: NO_SANDBOX, env: process.env } : found
}

/** Unpacked once for this user, into a folder of its version. */
function bundled(): Browser | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  // import.meta.resolve is not there in all of the test runner's processes.
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium')
  const home = join(dirname(entry), '..')
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string }
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'whisker-test-browser')
  const folder = join(cache, `chromium-${version}`)
  if (!isFile(join(folder, 'chromium'))) unpack(entry, join(home, 'bin', 'al2023.tar.br'), cache, folder)
  return startable(folder)
}

/** The package unpacks into the folder for temporary files, and takes what it finds there: a private one becomes ours when it is whole. */
function unpack(entry: string, libraries: string, cache: string, folder: string): void {
  mkdirSync(cache, { recursive: true })
  const unpacked = mkdtempSync(join(cache, 'unpacking-'))
  const program = `
    const { default: chromium, inflate } = await import(${JSON.stringify(pathToFileURL(entry).href)})
    await chromium.executablePath()
    await inflate(${JSON.stringify(libraries)})`
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, TMPDIR: unpacked },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    if (status === 0) renameSync(unpacked, folder)
  } catch {
    // Another process was faster.
  }
  rmSync(unpacked, { recursive: true, force: true })
}

/** With the libraries of this machine, or with those that came in the package. */
function startable(folder: string): Browser | undefined {
  const executablePath = join(folder, 'chromium')
  const fonts = existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_PATH: join(folder, 'fonts') }
  const libraries = [process.env['LD_LIBRARY_PATH'], join(folder, 'al2023', 'lib')].filter(Boolean).join(':')
  return [{}, { LD_LIBRARY_PATH: libraries }]
    .map((own) => ({ executablePath, args: NO_SANDBOX, env: { ...process.env, ...fonts, ...own } }))
    .find(({ env }) => spawnSync(executablePath, ['--version'], { env, timeout: 20_000 }).status === 0)
}

function installed(): string | undefined {
  return [chromium.executablePath(), ...placesOfThisPlatform()].find(isFile)
}

function placesOfThisPlatform(): readonly string[] {
  switch (process.platform) {
    case 'darwin':
      return ['Google Chrome', 'Chromium', 'Microsoft Edge'].flatMap((name) =>
        ['/', homedir()].map((home) => join(home, 'Applications', `${name}.app`, 'Contents', 'MacOS', name)),
      )
    case 'win32':
      return ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((variable) =>
        ['Google/Chrome/Application/chrome.exe', 'Microsoft/Edge/Application/msedge.exe'].map((file) =>
          join(process.env[variable] ?? '', file),
        ),
      )
    default:
      return (process.env['PATH'] ?? '')
        .split(delimiter)
        .flatMap((folder) =>
          ['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser', 'microsoft-edge-stable'].map(
            (name) => join(folder, name),
          ),
        )
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}
