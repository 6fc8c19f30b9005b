import { SyncEngine } from '@whisker/engine'
import { afterEach, expect, test, vi } from 'vitest'
import type { Plan } from './plan.ts'
import { run } from './run.ts'

afterEach(() => void vi.restoreAllMocks())

/** A plan in which somebody blunders all the time, and nothing else goes wrong. */
const clumsyPlan = (kind: 'write' | 'batch'): Plan => ({
  seed: 'clumsy',
  store: 'memory',
  devices: [{ slots: 1, isLive: true, limits: {} }],
  faults: {},
  serverLimits: {},
  habits: { blunders: 1 },
  steps: Array.from({ length: 30 }, (_, number) => ({ number, kind, device: 0, afterMs: 200 })),
})

test.for(['write', 'batch'] as const)('a %s that is refused leaves everything as it was', async (kind) => {
  const { violation, story } = await run(clumsyPlan(kind))
  expect(violation).toBeUndefined()
  expect(story.join()).toContain('tries to')
})

const originalBatch = (): SyncEngine['batch'] => Reflect.get(SyncEngine.prototype, 'batch')

/** From now on a batch keeps what it wrote before its function threw, and is refused all the same. */
function keepHalves(): void {
  const batch = originalBatch()
  vi.spyOn(SyncEngine.prototype, 'batch').mockImplementation(function half(this: SyncEngine, write) {
    let thrown: unknown
    const result = batch.call(this, () => {
      try {
        write()
      } catch (error) {
        thrown = error
      }
    })
    const refusing = async (promise: Promise<unknown>): Promise<void> => {
      await promise
      if (thrown instanceof Error) throw thrown
    }
    return Object.assign(refusing(result), { acknowledged: refusing(result.acknowledged) })
  })
}

test('a write that is refused and leaves something behind breaks M40', async () => {
  keepHalves()
  const { violation } = await run(clumsyPlan('batch'))
  expect(violation?.rule).toBe('M40')
})

test('a batch that is refused, and is said to be done, breaks M40', async () => {
  const batch = originalBatch()
  vi.spyOn(SyncEngine.prototype, 'batch').mockImplementation(function silent(this: SyncEngine, write) {
    const promise = batch.call(this, write).catch(() => {})
    return Object.assign(promise, { acknowledged: promise })
  })
  const { violation } = await run(clumsyPlan('batch'))
  expect(violation?.rule).toBe('M40')
})
