import type { Fault } from '../world/faults.ts'
import type { DevicePlan, Habits, Plan, Step } from './plan.ts'
import { type Outcome, run } from './run.ts'

export interface ShrinkOptions {
  /** The most runs to try. */
  readonly runs?: number | undefined
  readonly onProgress?: ((tried: number, plan: Plan) => void) | undefined
}

/** Cuts a plan that breaks a rule down to the shortest found that still breaks that rule. */
export async function shrink(failed: Outcome, { runs = 400, onProgress }: ShrinkOptions = {}): Promise<Outcome> {
  const rule = failed.violation?.rule
  let best = failed
  let tried = 0
  const attempt = async (plan: Plan): Promise<boolean> => {
    if (tried >= runs) return false
    const outcome = await run(plan)
    onProgress?.(++tried, best.plan)
    if (outcome.violation?.rule !== rule) return false
    best = outcome
    return true
  }
  for (let before = Infinity; sizeOf(best.plan) < before;) {
    before = sizeOf(best.plan)
    await dropSteps(() => best.plan, attempt)
    for (const fault of Object.keys(best.plan.faults) as Fault[]) await attempt(withoutFault(best.plan, fault))
    for (const habit of habitsOf(best.plan)) await attempt(withoutHabit(best.plan, habit))
    await simplifyDevices(() => best.plan, attempt)
    await attempt({ ...best.plan, store: 'memory', serverLimits: {}, rightsTakeMs: undefined })
  }
  return best
}

/** What a shorter plan has less of. */
const sizeOf = (plan: Plan): number =>
  plan.steps.length +
  Object.keys(plan.faults).length +
  habitsOf(plan).length +
  plan.devices.reduce(
    (sum, { slots, isLive, limits }) => sum + slots + (isLive ? 1 : 0) + Object.keys(limits).length,
    0,
  )

/** Halves, quarters and so on are left out, as in Zeller's delta debugging. */
async function dropSteps(current: () => Plan, attempt: (plan: Plan) => Promise<boolean>): Promise<void> {
  for (let size = Math.ceil(current().steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < current().steps.length;) {
      const { steps } = current()
      const kept: readonly Step[] = [...steps.slice(0, from), ...steps.slice(from + size)]
      if (!(await attempt({ ...current(), steps: kept }))) from += size
    }
  }
}

function withoutFault(plan: Plan, fault: Fault): Plan {
  const { [fault]: _left, ...faults } = plan.faults
  return { ...plan, faults, steps: plan.steps.filter(({ kind }) => kind !== fault) }
}

const habitsOf = ({ habits = {} }: Plan): readonly (keyof Habits)[] => Object.keys(habits) as (keyof Habits)[]

function withoutHabit(plan: Plan, habit: keyof Habits): Plan {
  const { [habit]: _left, ...habits } = plan.habits ?? {}
  return { ...plan, habits }
}

/** One thing after another, each on what is left by then. */
async function simplifyDevices(current: () => Plan, attempt: (plan: Plan) => Promise<boolean>): Promise<void> {
  for (let goesOn = true; goesOn;) {
    goesOn = false
    for (const devices of simplerDevices(current())) {
      goesOn = await attempt({ ...current(), devices })
      if (goesOn) break
    }
  }
}

function* simplerDevices({ devices }: Plan): Iterable<readonly DevicePlan[]> {
  if (devices.length > 1) yield devices.slice(0, -1)
  for (const [index, device] of devices.entries()) {
    const simple: DevicePlan = { slots: 1, isLive: false, limits: {} }
    if (device.slots > 1) yield devices.with(index, { ...device, slots: device.slots - 1 })
    if (device.isLive || Object.keys(device.limits).length > 0)
      yield devices.with(index, { ...simple, slots: device.slots })
  }
}
