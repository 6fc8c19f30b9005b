import { expect, test } from 'vitest'
import { planOf } from './plan.ts'
import { run } from './run.ts'

const STEP = { number: 0, kind: 'write', device: 0, afterMs: 0 } as const

test.for<[string, unknown, string]>([
  ['that is a seed', '7', 'Expected a plan, got string.'],
  ['without devices', { ...planOf('7'), devices: [] }, 'A plan needs a device.'],
  ['with a fault that there is not', { ...planOf('7'), faults: { dorp: 1 } }, 'No fault is called "dorp".'],
  ['with a step of no kind', { ...planOf('7'), steps: [{ ...STEP, kind: 'explode' }] }, 'of no known kind: explode'],
  ['with a step of nobody', { ...planOf('7'), steps: [{ ...STEP, device: NaN }] }, 'Step 0 names no device.'],
  [
    'whose steps go wrong in a way that it does not name',
    { ...planOf('7'), faults: {}, steps: [{ ...STEP, kind: 'clock_jump' }] },
    'clock_jump, which is not among',
  ],
])('a plan %s is refused', async ([, plan, message]) => {
  await expect(run(plan as Parameters<typeof run>[0])).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining(message),
  })
})
