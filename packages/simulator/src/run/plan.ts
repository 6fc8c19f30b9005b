import type { Limits } from '@whisker/protocol'
import { type SeededRandom, seededRandom } from '../random.ts'
import { FAULT_NAMES, type Fault, type FaultOptions } from '../world/faults.ts'

/** What one run is going to do, before anything of it is done: it can be told, cut down and done again. */
export interface Plan {
  readonly seed: string
  readonly store: 'sqlite' | 'memory'
  readonly devices: readonly DevicePlan[]
  readonly faults: FaultOptions
  readonly serverLimits: Partial<Limits>
  readonly habits?: Habits | undefined
  /** Whether people write something just before they wait until all is synced. */
  readonly writesBeforeWaiting?: boolean | undefined
  readonly steps: readonly Step[]
  /** How long the server asks at most until it knows whether somebody may. */
  readonly rightsTakeMs?: number | undefined
  /** Whether those who attack have overheard what others asked for, and repeat it under another name. */
  readonly eavesdrops?: boolean
}

/** What people do in some worlds only, and how often. A plan without one of them is as if there were no such habit. */
export interface Habits {
  /** They note texts about documents, as metadata: per write. */
  readonly notes?: number
  /** They use what few apps use, and remove a space now and then: per write, or when they open it again. */
  readonly whims?: number
  /** They write what the server refuses, and see to it. After so many milliseconds it is taken. */
  readonly pardonMs?: number
  /** They write what must be refused, and give up in the midst of a batch: per write or batch. */
  readonly blunders?: number
}

export interface DevicePlan {
  /** Engines that are open on it at once. */
  readonly slots: number
  readonly isLive: boolean
  readonly limits: Partial<Limits>
}

/** Something that happens in the first phase, and the time until the next. */
export interface Step {
  /** Its number in the whole plan: it keeps its own dice when others are left out. */
  readonly number: number
  readonly kind: StepKind
  readonly device: number
  readonly afterMs: number
}

export const ACTIONS = [
  'write',
  'burst',
  'batch',
  'bulk',
  'poison',
  'sync',
  'synced',
  'open',
  'close',
  'reopen',
  'change_strategy',
  'retry',
  'discard',
  'collect',
] as const
export type StepKind = (typeof ACTIONS)[number] | Fault

/** How often each action is taken, in parts. */
const WEIGHTS: Readonly<Record<(typeof ACTIONS)[number], number>> = {
  write: 60,
  burst: 8,
  batch: 5,
  bulk: 1,
  poison: 0,
  sync: 4,
  synced: 4,
  open: 2,
  close: 2,
  reopen: 2,
  change_strategy: 1,
  retry: 2,
  discard: 1,
  collect: 1,
}

/** How often a fault strikes at most: per message, commit or transaction. */
const RATES: Readonly<Partial<Record<Fault, number>>> = {
  drop: 0.1,
  reply_lost: 0.2,
  delay: 0.05,
  reorder: 0.2,
  duplicate: 0.2,
  truncate: 0.05,
  corrupt: 0.05,
  stale_reply: 0.2,
  half_open: 0.3,
  slow_reader: 0.2,
  server_disk_error: 0.1,
  disk_full: 0.05,
  disk_error: 0.05,
  disk_busy: 0.02,
  late_crash: 0.02,
  lead_lost: 0.05,
  lead_stolen: 0.3,
  two_leaders: 0.3,
}

/** The same per step, for those that often find nothing to strike. */
const STEP_RATES: Readonly<Partial<Record<Fault, number>>> = {
  device_crash: 0.15,
  server_restored: 0.15,
  server_restored_late: 0.12,
  device_restored: 0.15,
  away: 0.12,
  lead_frozen: 0.15,
}
const STEP_RATE = 0.06

/** What tabs of a browser do to each other: it takes several of them, and happens in worlds of its own. */
const AMONG_TABS = ['lead_lost', 'lead_frozen', 'lead_stolen', 'two_leaders'] as const
const TABS = 0.2

const ROT = ['device_rot', 'server_rot'] as const
/** What vanished from one disk is nowhere any more, if whoever else held it goes back in time, or has to start over. */
const LETTING_GO: readonly Fault[] = [
  'server_restored',
  'server_restored_late',
  'device_restored',
  'device_cloned',
  'away',
  'access_revoked',
]

/** What goes wrong together in the worst way, with nothing else beside it that would hide or mend it. */
const PAIRS: readonly (readonly Fault[])[] = [
  ['away', 'server_stop'],
  ['away', 'reply_lost'],
  ['reply_lost', 'server_restored'],
  ['reply_lost', 'server_restored_late'],
  ['reply_lost', 'device_restored'],
  ['server_disk_error', 'server_crash'],
  ['half_open', 'server_crash'],
  ['clock_years', 'partition'],
  ['late_crash', 'power_cut'],
]

/** Each seed has some faults, and the others not: what hides behind one kind shows where that is missing. */
export function planOf(seed: string): Plan {
  const random = seededRandom(`plan ${seed}`)
  const pairs = random.fork('pairs')
  const among = chooseAmongTabs(random.fork('tabs'))
  const faults = { ...(pairs.chance(0.25) ? together(pairs.pick(PAIRS)) : chooseFaults(random)), ...among }
  const tabs = Object.keys(among).length > 0 ? 2 : 1
  const devices = Array.from({ length: 2 + Math.floor(7 * random.fraction() ** 3) }, () => chooseDevice(random, tabs))
  const count = random.between(20, 120)
  const kinds = stepKinds(faults)
  const isHasty = random.chance(0.5)
  const steps = Array.from({ length: count }, (_, number): Step => {
    const kind = random.pick(kinds)
    return { number, kind, device: random.below(devices.length + 2), afterMs: waitAfter(random, isHasty) }
  })
  return {
    seed,
    store: random.chance(0.35) ? 'sqlite' : 'memory',
    devices,
    faults,
    serverLimits: {
      ...(random.chance(0.3) && { batchOperations: random.between(2, 10) }),
      ...(random.chance(0.2) && { checksKept: random.between(4, 40) }),
      ...(random.chance(0.15) && { messageBytes: 4000 }),
    },
    habits: chooseHabits(random.fork('habits'), steps),
    ...(random.fork('waiting').chance(0.25) && { writesBeforeWaiting: true }),
    steps,
    ...(random.fork('rights').chance(0.3) && { rightsTakeMs: 1000 }),
    eavesdrops: random.fork('eavesdrops').chance(0.8),
  }
}

const together = (faults: readonly Fault[]): FaultOptions =>
  Object.fromEntries(faults.map((fault) => [fault, highestRate(fault)]))

const highestRate = (fault: Fault): number => RATES[fault] ?? STEP_RATES[fault] ?? STEP_RATE

function chooseFaults(random: SeededRandom): FaultOptions {
  const share = random.pick([0.1, 0.3, 0.5])
  const chosen: Partial<Record<Fault, number>> = {}
  for (const fault of FAULT_NAMES.filter((name) => !AMONG_TABS.some((other) => other === name))) {
    const draw = random.fraction()
    const rate = random.fraction()
    if (draw < share) chosen[fault] = highestRate(fault) * (0.2 + 0.8 * rate)
  }
  for (const fault of ROT) delete chosen[fault]
  // One disk at a time: of two, each may have held what the other has lost.
  if (random.chance(0.1)) {
    for (const fault of LETTING_GO) delete chosen[fault]
    chosen[random.pick(ROT)] = STEP_RATE
  }
  return chosen
}

const chooseAmongTabs = (random: SeededRandom): FaultOptions =>
  random.chance(TABS)
    ? Object.fromEntries(
        AMONG_TABS.filter(() => random.chance(0.6)).map((fault) => [fault, highestRate(fault) * random.fraction()]),
      )
    : {}

const chooseHabits = (random: SeededRandom, steps: readonly Step[]): Habits => ({
  ...(random.chance(0.5) && { notes: 0.3 }),
  ...(random.chance(0.3) && { blunders: 0.3 }),
  ...(random.chance(0.2) && { pardonMs: timeOf(steps.slice(0, random.below(steps.length))) }),
  ...(random.chance(0.3) && { whims: 0.25 }),
})

const timeOf = (steps: readonly Step[]): number => steps.reduce((sum, { afterMs }) => sum + afterMs, 0)

const chooseDevice = (random: SeededRandom, slots: number): DevicePlan => ({
  slots: Math.max(slots, random.chance(0.7) ? 1 : random.between(2, 3)),
  isLive: random.chance(0.5),
  limits: {
    ...(random.chance(0.3) && { pageRows: random.between(1, 6) }),
    ...(random.chance(0.3) && { batchOperations: random.between(2, 10) }),
  },
})

/** One entry for each part of each kind. */
function stepKinds(faults: FaultOptions): readonly StepKind[] {
  const parts = ACTIONS.flatMap((action) => Array<StepKind>(WEIGHTS[action]).fill(action))
  const total = parts.length
  for (const fault of FAULT_NAMES) {
    if (RATES[fault] !== undefined || !(fault in faults)) continue
    parts.push(...Array<StepKind>(Math.ceil(total * (faults[fault] ?? 0))).fill(fault))
  }
  return parts
}

function waitAfter(random: SeededRandom, isHasty: boolean): number {
  if (isHasty || random.chance(0.8)) return random.below(400)
  return random.chance(0.8) ? random.below(10_000) : random.below(400_000)
}
