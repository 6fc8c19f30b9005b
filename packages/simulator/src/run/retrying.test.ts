import { SyncEngine } from '@whisker/engine'
import { afterEach, expect, test, vi } from 'vitest'
import type { Plan, StepKind } from './plan.ts'
import { run } from './run.ts'

afterEach(() => void vi.restoreAllMocks())

const KINDS: readonly StepKind[] = ['poison', 'sync', 'retry']

/** A plan in which the server refuses a lot, takes it from the twelfth second on, and everything is tried again. */
const refusingPlan: Plan = {
  seed: 'refusing',
  store: 'memory',
  devices: [
    { slots: 1, isLive: true, limits: {} },
    { slots: 1, isLive: true, limits: {} },
  ],
  faults: { poison: 0.1 },
  serverLimits: {},
  habits: { pardonMs: 12_000 },
  steps: Array.from({ length: 60 }, (_, number) => ({
    number,
    kind: KINDS[number % KINDS.length] ?? 'poison',
    device: 0,
    afterMs: 400,
  })),
}

test('what was refused comes through when it is tried again, as it was and with other words', async () => {
  const { violation, story } = await run(refusingPlan)
  expect(violation).toBeUndefined()
  const tried = story.filter((line) => line.includes(' tries '))
  expect(tried.some((line) => line.endsWith('again'))).toBe(true)
  expect(tried.some((line) => line.endsWith('again with other words'))).toBe(true)
})

test('what is tried again and is not there breaks M41', async () => {
  const open: typeof SyncEngine.open = Reflect.get(SyncEngine, 'open')
  vi.spyOn(SyncEngine, 'open').mockImplementation(async (options) => {
    const engine = await open.call(SyncEngine, options)
    const retry = (id: string): Promise<void> => engine.rejected.discard(id)
    Object.assign(engine.rejected, { retry })
    return engine
  })
  const { violation } = await run(refusingPlan)
  expect(violation?.rule).toBe('M41')
})
