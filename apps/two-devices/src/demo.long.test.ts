import { expect, test } from 'vitest'
import type { Facts } from './facts.ts'
import { runDemo } from './testing/run.ts'

test('the whole story comes true with 25,000 documents', async () => {
  const { code, stdout } = await runDemo('--json', '--editions', '100')
  const facts = JSON.parse(stdout) as Facts
  expect(facts).toMatchObject({ ok: true, differences: [] })
  expect(facts.push?.total).toBeGreaterThan(25_000)
  for (const { documents } of facts.devices) expect(documents).toBeGreaterThan(25_000)
  expect(code).toBe(0)
})
