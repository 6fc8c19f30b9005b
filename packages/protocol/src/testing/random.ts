import type { JsonValue } from '../json.ts'

/** Chance from a seed: the same seed gives the same history on every machine. */
export interface Chance {
  /** In [0, 1). */
  readonly fraction: () => number
  /** From 0 to `bound` - 1. */
  readonly below: (bound: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(list: readonly T[]) => T
}

/** Mulberry32 (Tommy Ettinger, public domain). */
export function chanceFrom(seed: number): Chance {
  let state = seed | 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const below = (bound: number): number => Math.floor(fraction() * bound)
  return {
    fraction,
    below,
    chance: (probability) => fraction() < probability,
    pick<T>(list: readonly T[]): T {
      return list[below(list.length)] as T
    },
  }
}

/** Keys that are awkward somewhere: in numeric order, in a prototype, outside ASCII, empty. */
const KEYS = ['a', 'b', 'x', 'y', '', '0', '10', 'é', 'toString', '__defineGetter__', '\u{1f600}', '\uffee']

export const randomKey = ({ chance, pick }: Chance): string => (chance(0.8) ? pick(KEYS.slice(0, 4)) : pick(KEYS))

export function randomJson(random: Chance, depth: number = 3): JsonValue {
  const shape = random.fraction()
  if (depth > 0 && shape < 0.35) return randomObject(random, depth)
  if (depth > 0 && shape < 0.45) return Array.from({ length: random.below(3) }, () => randomJson(random, depth - 1))
  return random.pick<JsonValue>([null, true, false, 0, 1, 2, -1.5, 1e21, '', 'a', 'b', '\u{1f600}', '"\\\u0000'])
}

export function randomObject(random: Chance, depth: number = 3): Record<string, JsonValue> {
  const object: Record<string, JsonValue> = {}
  for (let count = random.below(4); count > 0; count--) object[randomKey(random)] = randomJson(random, depth - 1)
  return object
}

/** The value after a few edits, each somewhere inside: a field set, removed, replaced or turned into another type. */
export function randomEdit(
  random: Chance,
  value: JsonValue | undefined,
  edits: number = 1 + random.below(3),
): Record<string, JsonValue> {
  const copy = structuredClone(value ?? {}) as Record<string, JsonValue>
  for (let edit = 0; edit < edits; edit++) {
    let host = copy
    for (;;) {
      const inner = Object.values(host).filter(
        (item) => typeof item === 'object' && item !== null && !Array.isArray(item),
      )
      if (inner.length === 0 || random.chance(0.4)) break
      host = random.pick(inner) as Record<string, JsonValue>
    }
    const keys = Object.keys(host)
    if (keys.length && random.chance(0.25)) delete host[random.pick(keys)]
    else host[keys.length && random.chance(0.6) ? random.pick(keys) : randomKey(random)] = randomJson(random, 2)
  }
  return copy
}
