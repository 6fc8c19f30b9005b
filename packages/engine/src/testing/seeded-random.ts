import type { Random } from '@whisker/protocol'

/** Chance that repeats itself: the same seed gives the same bytes. */
export interface SeededRandom extends Random {
  /** A whole number from 0, below `bound`. */
  below(bound: number): number
  pick<T>(list: readonly T[]): T
  chance(probability: number): boolean
}

export function seededRandom(seed: number): SeededRandom {
  let state = (seed ^ 0x9e3779b9) >>> 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number): number => Math.floor(fraction() * bound)
  function pick<T>(list: readonly T[]): T {
    const picked = list[below(list.length)]
    if (picked === undefined) throw new Error('There is nothing to pick from.')
    return picked
  }
  return {
    fraction,
    below,
    pick,
    chance: (probability) => fraction() < probability,
    bytes: (count) => Uint8Array.from({ length: count }, () => below(256)),
  }
}
