import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'

/** What somebody has who has never heard of pnpm. */
const plain = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^p?npm_/i.test(name)))

/** Without the folders that pnpm puts before the others. */
const path = (process.env['PATH'] ?? '').split(':').filter((folder) => !/node_modules|\.npm/.test(folder))

test.skipIf(process.platform === 'win32')(
  'with npm alone, a command gets each signal, and nothing is left of it',
  async () => {
    const program = `
    process.on('SIGTERM', () => process.exit(process.env.npm_config_user_agent.startsWith('pnpm/') ? 7 : 8))
    setInterval(() => undefined, 60_000)
    console.log('ready')`
    const child = spawn(process.execPath, [join(import.meta.dirname, 'boot.mjs'), 'node', '-e', program], {
      env: { ...plain, PATH: [...path, dirname(process.execPath)].join(':') },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = once(child, 'close')
    for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') child.kill('SIGTERM')
    expect(await ended).toEqual([7, null])
  },
)
