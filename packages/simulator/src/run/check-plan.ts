import { SyncError } from '@whisker/protocol'
import { checkFaults, happensAtSteps } from '../world/check-given.ts'
import { FAULT_NAMES, type Fault } from '../world/faults.ts'
import { ACTIONS, type Plan, type StepKind } from './plan.ts'

const KINDS: ReadonlySet<string> = new Set([...ACTIONS, ...FAULT_NAMES])

/** Refuses what is no plan. The rules depend on its faults, so what its steps do wrong has to be among them. */
export function checkPlan(plan: Plan): void {
  if (typeof plan !== 'object' || !Array.isArray(plan.devices) || !Array.isArray(plan.steps)) {
    throw invalid(`Expected a plan, got ${typeof plan}.`, 'Make one from a seed: planOf(seed).')
  }
  if (plan.devices.length === 0) throw invalid('A plan needs a device.', 'Give it one, as planOf(seed) does.')
  checkFaults(plan.faults)
  for (const { number, kind, device } of plan.steps) {
    if (!KINDS.has(kind))
      throw invalid(`Step ${number} is of no known kind: ${kind}.`, `There are ${[...KINDS].join()}.`)
    if (!Number.isSafeInteger(device) || device < 0)
      throw invalid(`Step ${number} names no device.`, 'Number it from 0.')
    if (isAccident(kind) && plan.faults[kind] === undefined) {
      throw invalid(
        `Step ${number} is ${kind}, which is not among the plan's faults.`,
        'Name it there, or leave it out.',
      )
    }
  }
}

const isAccident = (kind: StepKind): kind is Fault =>
  !(ACTIONS as readonly string[]).includes(kind) && happensAtSteps(kind as Fault)

const invalid = (message: string, fix: string): SyncError => new SyncError('invalid_options', message, { fix })
