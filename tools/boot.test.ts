import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'

/** Tells what it was sent, and ends with 7 when it is told to. */
const TELLS = `
  for (const signal of ['SIGHUP', 'SIGTERM']) process.on(signal, () => console.log(signal))
  process.on('SIGTERM', () => setTimeout(() => process.exit(7), 100))
  setInterval(() => undefined, 60_000)
  console.log('ready')`

/** boot.mjs as it runs under pnpm, where nothing has to be installed, with a program for Node as its command. */
function boot(program: string): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'boot.mjs'), 'node', '-e', program], {
    env: { ...process.env, npm_config_user_agent: 'pnpm/12' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (!child.stdout) throw new Error('Expected a pipe.')
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]()
}

const next = async (lines: AsyncIterator<string>): Promise<string> => String((await lines.next()).value)

test('a command gets what it is given to read, and boot ends with its exit code', async () => {
  const child = boot(`process.stdin.on('data', (data) => { console.log(String(data)); process.exit(3) })`)
  child.stdin?.end('It rained.')
  expect(child.stdout && (await text(child.stdout))).toBe('It rained.\n')
  expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(3)
})

test.skipIf(process.platform === 'win32')('a command gets each signal once, and boot waits for it', async () => {
  const child = boot(TELLS)
  const lines = linesOf(child)
  expect(await next(lines)).toBe('ready')
  child.kill('SIGHUP')
  expect(await next(lines)).toBe('SIGHUP')
  // As npm does, which passes on what the terminal sends to both.
  child.kill('SIGTERM')
  child.kill('SIGTERM')
  const ended = once(child, 'exit')
  expect(await next(lines)).toBe('SIGTERM')
  expect(await lines.next()).toMatchObject({ done: true })
  expect(await ended).toEqual([7, null])
})

test.skipIf(process.platform === 'win32')('what a command has started ends with it', async () => {
  const child = boot(`require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(TELLS)}], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })`)
  const lines = linesOf(child)
  expect(await next(lines)).toBe('ready')
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await ended).toEqual([143, null])
  expect(await next(lines)).toBe('SIGTERM')
  // Nobody holds the other end any more.
  expect(await lines.next()).toMatchObject({ done: true })
})
