import type { DocumentState } from '../document-state.ts'
import type { DeviceId, Dot, EpochId } from '../identity.ts'
import type {
  DeviceList,
  Epoch,
  Page,
  PageRow,
  Position,
  PullRequest,
  PushEntry,
  PushProblem,
  PushRequest,
  Receipt,
  Refusal,
  ServerVersion,
} from '../messages.ts'
import type { Operation } from '../operation.ts'
import type { LiveFrame } from '../ports.ts'
import { STRATEGIES, type Strategy } from '../strategy.ts'
import { encodeFrameAround, encodeHint } from '../wire/frame-codec.ts'
import { encodePage } from '../wire/page-codec.ts'
import { Device } from './device.ts'
import type { Chance } from './random.ts'
import { dot, replica } from './writing.ts'

/*
 * Messages of every shape, made by chance: what is in them is what devices really wrote.
 */

const FAR = [0, 1, 2, 4095, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER]
const text = (random: Chance): string =>
  random.pick(['', 'a', 'It is "quoted".', 'é\u{1f600}\u0000\n', 'x'.repeat(100)])
const nonce = (random: Chance) => (random.chance(0.5) ? { nonce: random.pick(['', 'n-1', 'n'.repeat(64)]) } : {})
const whole = (random: Chance): number => (random.chance(0.2) ? random.pick(FAR) : random.below(100))
const epochId = (random: Chance): EpochId => replica(`e${random.below(50)}x`) as string as EpochId
const many = <T>(random: Chance, most: number, make: () => T): T[] =>
  Array.from({ length: random.below(most + 1) }, make)

/** Operations and states of a few documents that a few devices wrote under all strategies. */
export function writings(random: Chance): {
  readonly operations: readonly Operation[]
  readonly states: readonly DocumentState[]
} {
  const devices = ['B', 'A', 'C'].map((name) => new Device(name, random.pick(STRATEGIES)))
  const states: DocumentState[] = []
  for (let step = 0; step < 8; step++) {
    const device = random.pick(devices)
    device.act(random, random.below(40))
    if (random.chance(0.3)) device.joinAll(random.pick(devices))
    states.push(...device.states.values())
  }
  return { operations: devices.flatMap((device) => device.log), states }
}

const epochs = (random: Chance): Epoch[] => many(random, 3, () => ({ id: epochId(random), began: whole(random) }))
const strategies = (random: Chance): Record<string, Strategy> =>
  Object.fromEntries(
    many(
      random,
      3,
      () => [random.pick(['stories', 'drafts', 'constructor', '__proto__']), random.pick(STRATEGIES)] as const,
    ),
  )
function position(random: Chance): Position {
  const since = whole(random)
  const further = (): number => (random.chance(0.7) ? since : whole(random))
  return {
    cursor: { epoch: random.chance(0.2) ? undefined : epochId(random), since, after: further() },
    seen: further(),
  }
}
const device = (random: Chance) => ({ id: `d${random.below(9)}`.padEnd(22, '_') as DeviceId, name: text(random) })
const acknowledged = (random: Chance): Dot[] =>
  many(random, 3, () => ({ ...dot(`R${random.below(9)}`, 1), counter: whole(random) }))
const reason = (random: Chance) => ({ code: random.pick(['too_long', 'operation_rejected']), message: text(random) })
const key = (random: Chance) => ({
  collection: 'stories',
  document: random.pick(['dragon', 'dragon~A000000000000000:17', '__proto__']),
})

export function randomPush(random: Chance): PushRequest {
  const { operations, states } = writings(random)
  const entries: PushEntry[] = operations.filter(() => random.chance(0.7))
  for (const voided of many(random, 2, () => random.below(50) + 1))
    entries.push({ replica: replica('V'), from: voided, to: voided + random.below(9) })
  const replicas = [...new Set(entries.map((entry) => ('from' in entry ? entry.replica : entry.dot.replica)))]
  const { cursor, seen } = position(random)
  return {
    space: 'my-stories',
    cursor,
    seen,
    device: device(random),
    replicas: replicas.map((id) => ({
      replica: id,
      epoch: random.chance(0.5) ? cursor.epoch : random.pick([undefined, epochId(random)]),
      previous: { counter: whole(random), check: whole(random) },
    })),
    offers: states.filter(() => random.chance(0.1)).map((state) => ({ ...key(random), state })),
    entries,
    strategies: strategies(random),
  }
}

export const randomPull = (random: Chance): PullRequest => ({
  space: 'my-stories',
  ...position(random),
  device: device(random),
  acknowledged: acknowledged(random),
  limit: 1 + random.below(1000),
  waitMs: random.pick([0, 25_000]),
  recount: random.chance(0.2) || undefined,
  ...nonce(random),
})

export function randomPage(random: Chance): Page {
  const { operations, states } = writings(random)
  const rows = many(random, 4, (): PageRow => {
    const one = random.pick(operations)
    const collection = random.pick(['stories', 'drafts', '__proto__'])
    return {
      collection,
      document: one.document,
      seq: 1 + random.below(1000),
      state: random.chance(0.5) ? random.pick(states) : undefined,
      operations: operations
        .filter((other) => other.document === one.document && random.chance(0.4))
        .map((other) => ({ ...other, collection })),
    }
  })
  const more = random.chance(0.5)
  return {
    epochs: epochs(random),
    timeMs: whole(random),
    rows,
    since: whole(random),
    after: whole(random),
    more,
    digest: more || random.chance(0.3) ? undefined : { documents: whole(random), hash: whole(random) },
    head: whole(random),
    collected: whole(random),
    strategies: strategies(random),
    ...nonce(random),
  }
}

/** A hint at times. */
export function randomFrame(random: Chance): LiveFrame | undefined {
  if (random.chance(0.1)) return undefined
  const from = random.below(100)
  const since = from + 1 + random.below(1000)
  return { ...randomPage(random), from, since, after: since, more: false }
}

export const encodeFrame = (frame: LiveFrame | undefined): string =>
  frame ? encodeFrameAround(frame.from, encodePage(frame)) : encodeHint()

export const PROBLEMS: readonly PushProblem[] = [
  {
    code: 'operation_rejected',
    dot: dot('A', 3),
    reason: { code: 'title_too_long', message: 'A title has at most 80 letters.' },
  },
  { code: 'missing', dot: dot('A', 3), collection: 'stories', document: 'dragon' },
  { code: 'clock_ahead', dot: dot('A', 3) },
  { code: 'space_full', dot: dot('A', 3), message: 'The space holds 100 MiB already.' },
  { code: 'replica_forked', replica: replica('A'), last: { counter: 7, check: 4503599627370495 } },
]

export const randomReceipt = (random: Chance): Receipt => ({
  epochs: epochs(random),
  timeMs: whole(random),
  acknowledged: acknowledged(random),
  from: random.chance(0.3) ? undefined : whole(random),
  to: whole(random),
  problem: random.chance(0.3) ? undefined : random.pick(PROBLEMS),
  refusedOffers: many(random, 2, () => ({ ...key(random), reason: reason(random) })),
  strategies: strategies(random),
})

export const randomRefusal = (random: Chance): Refusal => ({
  code: random.pick(['resync', 'new_epoch', 'forbidden', 'something_new']),
  message: text(random),
  fix: random.pick([undefined, 'Sign in again.']),
  reason: random.pick([undefined, 'restored', 'expired'] as const),
  epochs: epochs(random),
  timeMs: random.pick([undefined, 5]),
  retryAfterMs: random.pick([undefined, 1000]),
  replicas: many(random, 2, () => ({ replica: replica('A'), counter: whole(random), check: whole(random) })),
  head: random.pick([undefined, 44]),
})

export const randomServerVersion = (random: Chance): ServerVersion => ({
  protocol: 1 + random.below(3),
  epoch: epochId(random),
  head: whole(random),
  timeMs: whole(random),
})

export const randomDevices = (random: Chance): DeviceList => ({
  timeMs: whole(random),
  head: whole(random),
  collected: whole(random),
  devices: many(random, 3, () => ({
    ...device(random),
    principal: text(random),
    lastSeenMs: whole(random),
    since: whole(random),
    revokedAtMs: random.chance(0.5) ? undefined : whole(random),
    replicas: many(random, 3, () => ({
      replica: replica(`R${random.below(9)}`),
      counter: whole(random),
      lastSeenMs: whole(random),
      since: whole(random),
      isRetired: random.chance(0.5),
    })),
  })),
})
