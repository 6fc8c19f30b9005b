import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { hashApiKey } from '@whisker/server/auth'
import { expect, test } from 'vitest'

const newKey = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'new-key.ts'), ...args], { encoding: 'utf8' })

test('a new key is shown to whoever asks, and its hash is what the file takes', () => {
  const { status, stdout, stderr } = newKey('ada')
  const key = /whisker_\S+/.exec(stderr)?.[0] ?? expect.fail(stderr)
  expect([status, JSON.parse(stdout)]).toEqual([0, { principal: 'ada', hash: hashApiKey(key) }])
  expect(stdout).not.toContain(key)
})

test.for([[], [''], [' '], ['--help'], ['ada', 'bob']])('with %j it says what it takes', (args) => {
  const { status, stderr } = newKey(...args)
  expect([status, stderr]).toEqual([2, 'Whose key? Name one principal, for example: node new-key.ts ada\n'])
})
