import { SyncError } from '@whisker/protocol'
import { FAULTS, FAULT_NAMES, type Fault, type FaultOptions } from './faults.ts'
import type { NewDeviceOptions, WorldOptions } from './world-options.ts'

/* What a world is given: a test in plain JavaScript has no compiler to ask, and no compiler knows NaN. */

/** What each option has to be; a name that is not here is refused. */
type Rules<T> = Readonly<Record<keyof T & string, readonly [expected: string, isRight: (value: unknown) => boolean]>>

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
const orNone =
  (isRight: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || isRight(value)

const isDuration = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value < Infinity

const FUNCTION_RULE = ['a function', orNone((value) => typeof value === 'function')] as const
const OBJECT_RULE = ['an object', orNone(isObject)] as const
const TEXT_RULE = ['a text that is not empty', orNone(isText)] as const

const WORLD_RULES: Rules<WorldOptions> = {
  seed: ['a text or a number', (value) => isText(value) || Number.isFinite(value)],
  collections: ['an object with the options of each collection, as for SyncEngine.open', isObject],
  faults: ['an object with a probability for each fault, like { drop: 0.1 }', orNone(isObject)],
  store: ["'sqlite' or 'memory'", orNone((value) => value === 'sqlite' || value === 'memory')],
  validate: FUNCTION_RULE,
  limits: OBJECT_RULE,
  rightsTakeMs: ['milliseconds from 0', orNone(isDuration)],
  onCommit: FUNCTION_RULE,
  onRequest: FUNCTION_RULE,
  onReceipt: FUNCTION_RULE,
  onRefusal: FUNCTION_RULE,
  onBreach: FUNCTION_RULE,
  observe: FUNCTION_RULE,
}

const DEVICE_RULES: Rules<NewDeviceOptions> = {
  name: TEXT_RULE,
  principal: TEXT_RULE,
  isLive: ['true or false', orNone((value) => typeof value === 'boolean')],
  limits: OBJECT_RULE,
}

/** Refuses what cannot be a world, before there is one. */
export function checkWorldOptions(options: unknown): void {
  checkBy(WORLD_RULES, 'A world', options)
  checkFaults((options as WorldOptions).faults ?? {})
}

export function checkDeviceOptions(options: unknown, taken: readonly string[]): void {
  checkBy(DEVICE_RULES, 'A device', options)
  const { name } = options as NewDeviceOptions
  if (name === undefined || !taken.includes(name)) return
  throw new SyncError('invalid_options', `There is a device ${told(name)} already.`, {
    fix: 'Give each device a name of its own, or none.',
  })
}

/** Refuses faults for which nobody would throw the dice outside of a plan. */
export function checkStrikes(faults: FaultOptions): void {
  const idle = (Object.keys(faults) as Fault[]).filter((fault) => happensAtSteps(fault))
  if (idle.length === 0) return
  throw new SyncError(
    'invalid_options',
    `These faults strike at a step or a write of a plan, and here there is none: ${idle.join(', ')}.`,
    {
      fix: 'Do them yourself, as with world.part(), world.crash(), world.crashServer() or `validate`; or use run(plan).',
    },
  )
}

/** Whether it is something that a plan does, rather than something that happens to a message or a commit. */
export const happensAtSteps = (fault: Fault): boolean => /^per (step|write):/.test(FAULTS[fault])

/** A time that is no number would never be over; one below zero would put the clock back. */
export function checkDuration(what: string, ms: unknown): void {
  if (isDuration(ms)) return
  throw new SyncError('invalid_options', `${what} takes milliseconds from 0, not ${told(ms)}.`, {
    fix: 'Give a finite number, as 1000 for a second.',
  })
}

export function checkFaults(faults: Readonly<Record<string, unknown>>): void {
  for (const [name, probability] of Object.entries(faults)) {
    if (!FAULT_NAMES.some((fault) => fault === name)) {
      throw new SyncError('invalid_options', `No fault is called ${told(name)}.`, {
        fix: `Use one of ${FAULT_NAMES.join(', ')}.`,
      })
    }
    if (typeof probability === 'number' && probability >= 0 && probability <= 1) continue
    throw new SyncError(
      'invalid_options',
      `The fault ${name} takes a probability from 0 to 1, not ${told(probability)}.`,
      {
        fix: 'Give how often it strikes, as 0.1 for one time in ten.',
      },
    )
  }
}

function checkBy<T>(rules: Rules<T>, what: string, options: unknown): void {
  const names = Object.keys(rules) as (keyof T & string)[]
  if (!isObject(options)) {
    throw new SyncError('invalid_options', `${what} takes an object of options, not ${told(options)}.`, {
      fix: `The options are ${names.join(', ')}.`,
    })
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(rules, name)) continue
    throw new SyncError('invalid_options', `${what} has no option ${told(name)}.`, {
      fix: `The options are ${names.join(', ')}.`,
    })
  }
  for (const name of names) {
    const [expected, isRight] = rules[name]
    if (isRight(options[name])) continue
    throw new SyncError('invalid_options', `${what} takes ${expected} as \`${name}\`, not ${told(options[name])}.`, {
      fix: `Give ${expected}.`,
    })
  }
}

const told = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value)
    : typeof value === 'object' && value !== null
      ? 'an object'
      : String(value)
