import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { expectedOpen } from './expected.ts'
import type { Facts } from './facts.ts'
import { newFolder, runDemo, startDemo } from './testing/run.ts'

// The machine may be busy with other tests; alone it takes a quarter of a minute.
const STORY_MS = 180_000

test('the whole story comes true, and --json prints its facts', { timeout: STORY_MS }, async () => {
  const { code, stdout, stderr, left } = await runDemo('--json')
  const facts = JSON.parse(stdout) as Facts
  expect(facts).toMatchObject({ ok: true, differences: [] })
  expect({ code, stderr, left }).toEqual({ code: 0, stderr: '', left: [] })
  expect(facts.push?.total).toBeGreaterThan(5000)
  expect(facts.push?.acknowledged).toBeGreaterThan(0)
  expect(facts.push?.acknowledged).toBeLessThan(facts.push?.total ?? 0)
  const { head, offered, cameBack } = facts.restore ?? expect.fail('no backup was restored')
  expect(head.inBackup).toBeLessThan(head.atLoss)
  expect(head.atLoss).toBeLessThan(head.atSecondReturn)
  expect(offered.map(({ device }) => device)).toEqual(['tablet', 'laptop'])
  // At the least what comes after the backup in the story; the laptop alone held two of these.
  expect(offered.map(({ documents }) => documents >= 7)).toEqual([true, true])
  expect(cameBack).toBeGreaterThan(offered[0]?.documents ?? cameBack)
  expect(facts.open).toEqual(JSON.parse(JSON.stringify(expectedOpen())))
  expect(facts.live?.edits).toBe(15)
  expect(facts.live?.slowestMs).toBeGreaterThanOrEqual(facts.live?.medianMs ?? Infinity)
  expect(facts.devices.map(({ name }) => name)).toEqual(['laptop', 'tablet', 'phone'])
  const [first] = facts.devices
  for (const device of facts.devices) {
    expect(device).toMatchObject({ documents: first?.documents, pending: 0, rejected: 0, conflicts: 0 })
    expect(device.documents).toBeGreaterThan(5000)
    expect(device.bytesReceived).toBeGreaterThan(0)
  }
})

test('a story that is too short fails its check, and says so in plain text', { timeout: STORY_MS }, async () => {
  const { code, stdout, left } = await runDemo('--editions', '2')
  expect(code).toBe(1)
  expect(stdout).toMatch(/\b[1-9]\d* of 506 acknowledged when the server died/)
  expect(stdout).toContain('✗ laptop, count of documents: expected "more than 5000", found 917')
  expect(stdout).toContain('✗ 3 differences')
  expect(stdout).not.toContain('\u001B')
  expect(left).toEqual([])
})

test('when the demo is killed, its processes end too', { timeout: STORY_MS }, async () => {
  const demo = startDemo(newFolder())
  const pids: number[] = []
  for await (const line of createInterface({ input: demo.stdout ?? expect.fail('no output') })) {
    const pid = /process (\d+)/.exec(line)?.[1]
    if (pid !== undefined && pids.push(Number(pid)) === 3) break
  }
  expect(pids.filter(isRunning)).toEqual(pids)
  demo.kill('SIGKILL')
  await once(demo, 'exit')
  for (let waited = 0; waited < 10_000 && pids.some(isRunning); waited += 50) await sleep(50)
  expect(pids.filter(isRunning)).toEqual([])
})

test('an option that makes no sense is refused', async () => {
  const { code, stderr } = await runDemo('--editions', 'many')
  expect(code).toBe(2)
  expect(stderr).toBe('--editions takes a whole number from 1 to 100, not many\nSee --help for the options.\n')
  const unknown = await runDemo('--nothing')
  expect(unknown.code).toBe(2)
  expect(unknown.stderr).toMatch(/--nothing.*\nSee --help for the options\.\n$/)
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
