import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { install, manifestIn } from './packed.ts'
import { run } from './run.ts'

const { packages, project } = inject('packed')
const device = join(project, '../device')
const server = join(project, '../server')

const only = (...names: readonly string[]) => packages.filter(({ name }) => names.includes(basename(name)))

beforeAll(async () => {
  const types = { '@types/node': manifestIn(join(import.meta.dirname, '../node_modules/@types/node')).version }
  const others = only('protocol', 'sqlite-file')
  for (const folder of [device, server]) mkdirSync(folder)
  await install(device, only('engine', 'transport-http', 'state-node'), { others, npm: types })
  await install(server, only('server'), { others, npm: types })
  for (const [file, folder] of [
    ['device.ts', device],
    ['browser.ts', device],
    ['server.ts', server],
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

/** Where it listens: the first line that it writes. */
async function startServer(): Promise<string> {
  const running = spawn(process.execPath, ['server.ts'], { cwd: server, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void running.kill('SIGKILL'))
  for await (const line of createInterface(running.stdout)) return line
  throw new Error('The server ended before it said where it listens.')
}
