import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { type Server, createServer as createHttpServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { findBrowser } from '../browser/index.ts'
import { install, manifestIn } from './packed.ts'
import { run } from './run.ts'

const { packages, project } = inject('packed')
const device = join(project, '../device')
const server = join(project, '../server')
const page = join(project, '../page')

/** As the hooks' `peerDependencies` say. */
const OLDEST_REACT = '18.0.0'
const LATEST_REACT = manifestIn(join(import.meta.dirname, '../../packages/react/node_modules/react')).version

const only = (...names: readonly string[]) => packages.filter(({ name }) => names.includes(basename(name)))

beforeAll(async () => {
  const types = { '@types/node': manifestIn(join(import.meta.dirname, '../node_modules/@types/node')).version }
  const others = only('protocol', 'sqlite-file')
  for (const folder of [device, server, page]) mkdirSync(folder)
  await install(device, only('engine', 'transport-http', 'state-node'), { others, npm: types })
  await install(server, only('server'), { others, npm: types })
  await install(page, only('engine', 'state-browser', 'transport-ws'), { others })
  for (const [file, folder] of [
    ['device.ts', device],
    ['browser.ts', device],
    ['server.ts', server],
    ['page.html', page],
  ] as const) {
    copyFileSync(join(import.meta.dirname, 'outside', file), join(folder, file))
  }
}, 600_000)

test('an engine, a transport and a store bring nothing of ours but the protocol and what opens a file', () => {
  const ours = readdirSync(join(device, 'node_modules/@whisker'))
  expect(ours.sort()).toEqual(['engine', 'protocol', 'sqlite-file', 'state-node', 'transport-http'])
})

const NODE = { lib: ['es2024'], types: ['node'] }
const BROWSER = { lib: ['es2022', 'dom'], types: [] }

test.for([
  { file: 'device.ts', folder: device, how: 'nodenext', options: { module: 'nodenext', ...NODE } },
  { file: 'device.ts', folder: device, how: 'a bundler', options: { module: 'preserve', ...NODE } },
  { file: 'server.ts', folder: server, how: 'nodenext', options: { module: 'nodenext', ...NODE } },
  { file: 'browser.ts', folder: device, how: 'a bundler, for a browser', options: { module: 'preserve', ...BROWSER } },
])('$file compiles strictly under $how, and so do the types that it uses', async ({ file, folder, options }) => {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, target: 'es2024' }
  const config = join(folder, `tsconfig.${basename(file, '.ts')}-${options.module}.json`)
  writeFileSync(config, JSON.stringify({ compilerOptions: { ...strict, ...options }, files: [file] }))
  expect(await run(process.execPath, [tsc, '-p', config, '--pretty', 'false'], { cwd: folder })).toBe('')
})

test('two devices and a server that were installed from tarballs sync a document', async () => {
  const url = await startServer()
  const edit = async (name: string, tag: string): Promise<unknown> =>
    JSON.parse(await run(process.execPath, ['device.ts', name, url, tag], { cwd: device }))

  expect(await edit('laptop', 'fire')).toEqual({ title: 'The Dragon', tags: ['fire'] })
  expect(await edit('tablet', 'cave')).toEqual({ title: 'The Dragon', tags: ['fire', 'cave'] })
  expect(await edit('laptop', 'gold')).toEqual({ title: 'The Dragon', tags: ['fire', 'cave', 'gold'] })
})

test('a page without a bundler stores and syncs with the published files', async () => {
  const web = createWebServer(page).listen(0, '127.0.0.1')
  onTestFinished(() => void web.close())
  await once(web, 'listening')
  const origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
  const { executablePath, args, env } = findBrowser()
  const browser = await chromium.launch({ executablePath, args: [...args], env })
  onTestFinished(async () => browser.close())
  const tab = await browser.newPage()
  const url = await startServer(origin)
  for (const count of [1, 2]) {
    await tab.goto(`${origin}/page.html?server=${encodeURIComponent(url)}`)
    await tab.getByText('to send').waitFor()
    expect(await tab.textContent('body')).toBe(`${count} notes, 0 to send`)
  }
})

test.for([OLDEST_REACT, LATEST_REACT])('an app with React %s gets the hooks', async (version) => {
  const app = join(project, `../app-${version}`)
  mkdirSync(app)
  const npm = { react: version, 'react-dom': version }
  await install(app, only('react', 'engine'), { others: only('protocol'), npm })
  copyFileSync(join(import.meta.dirname, 'outside/app.mjs'), join(app, 'app.mjs'))
  const html = await run(process.execPath, ['app.mjs'], { cwd: app })
  expect(html.trim()).toMatch(new RegExp(`^<p>${version}[^:]*: 0 notes, stopped</p>$`))
})

/** The files of a folder, as any web server gives them. */
const createWebServer = (folder: string): Server =>
  createHttpServer((request, response) => {
    const { pathname } = new URL(`http://localhost${request.url ?? ''}`)
    response.setHeader('content-type', pathname.endsWith('.html') ? 'text/html' : 'text/javascript')
    response.end(readFileSync(join(folder, pathname)))
  })

/** Where it listens: the first line that it writes. */
async function startServer(...origins: readonly string[]): Promise<string> {
  const running = spawn(process.execPath, ['server.ts', ...origins], {
    cwd: server,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void running.kill('SIGKILL'))
  for await (const line of createInterface(running.stdout)) return line
  throw new Error('The server ended before it said where it listens.')
}
