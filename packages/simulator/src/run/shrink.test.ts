import { afterEach, expect, test, vi } from 'vitest'
import { StoreChecks } from '../checks/store-checks.ts'
import { Violation } from '../checks/violation.ts'
import type { Plan, StepKind } from './plan.ts'
import { run } from './run.ts'
import { shrink } from './shrink.ts'

afterEach(() => void vi.restoreAllMocks())

/** A plan of a day's work, in which a device is cloned once. */
function busyPlan(): Plan {
  const kinds: readonly StepKind[] = ['write', 'sync', 'burst', 'open', 'write', 'suspend']
  const steps = Array.from({ length: 24 }, (_, number) => {
    const kind: StepKind = number === 17 ? 'device_cloned' : (kinds[number % kinds.length] ?? 'write')
    return { number, kind, device: number, afterMs: 200 }
  })
  const device = { slots: 2, isLive: true, limits: { pageRows: 5 } }
  return {
    seed: 'busy',
    store: 'sqlite',
    devices: [device, device, device],
    faults: { drop: 0.05, reorder: 0.1, suspend: 0.1, device_cloned: 0.1 },
    serverLimits: { batchOperations: 5 },
    steps,
  }
}

/** From now on a clone breaks a rule: M98 if it is the clone of one of several devices, else M97. */
function breakClones(): void {
  vi.spyOn(StoreChecks.prototype, 'load').mockImplementation(function load(this: StoreChecks) {
    throw new Violation(this.name === 'D1' ? 'M97' : 'M98', `${this.name} is a clone`)
  })
}

test('finds the one step that matters', async () => {
  breakClones()
  const failed = await run(busyPlan())
  expect(failed.violation?.rule).toBe('M98')
  const { plan, violation } = await shrink(failed)
  expect(violation?.rule).toBe('M98')
  expect(plan.steps).toEqual([{ number: 17, kind: 'device_cloned', device: 17, afterMs: 200 }])
  expect([plan.faults, plan.serverLimits, plan.store]).toEqual([{ device_cloned: 0.1 }, {}, 'memory'])
})

test('leaves the devices without which another rule would break', async () => {
  breakClones()
  const { plan } = await shrink(await run(busyPlan()))
  const simple = { slots: 1, isLive: false, limits: {} }
  expect(plan.devices).toEqual([simple, simple])
})

test('tries no more often than it may, and tells of each try', async () => {
  breakClones()
  const told: number[] = []
  const failed = await run(busyPlan())
  const { plan } = await shrink(failed, { runs: 3, onProgress: (tried) => told.push(tried) })
  expect(told).toEqual([1, 2, 3])
  expect(plan.steps.length).toBeLessThan(failed.plan.steps.length)
})

test('a plan of which nothing can be left out stays as it is', async () => {
  breakClones()
  const { plan } = await shrink(await run(busyPlan()))
  const again = await shrink(await run(plan))
  expect(again.plan).toEqual(plan)
})
