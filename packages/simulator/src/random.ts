import type { Random } from '@whisker/protocol'

/** Chance that repeats itself: the same seed gives the same course. */
export interface SeededRandom extends Random {
  /** A whole number from 0, below `bound`. */
  below(bound: number): number
  between(least: number, most: number): number
  pick<T>(list: readonly T[]): T
  chance(probability: number): boolean
  /** A source of its own for one purpose: what is drawn from it shifts nothing elsewhere. */
  fork(purpose: string): SeededRandom
}

/** sfc32 (Chris Doty-Humphrey, PractRand; public domain), seeded through a string hash. */
export function seededRandom(seed: string): SeededRandom {
  let [a, b, c, counter] = seedsOf(seed)
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }
  for (let index = 0; index < 12; index++) next()
  const fraction = (): number => next() / 2 ** 32
  const below = (bound: number): number => Math.floor(fraction() * bound)
  return {
    fraction,
    below,
    between: (least, most) => least + below(most - least + 1),
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new RangeError('There is nothing to pick from.')
      return list[below(list.length)] as T
    },
    chance: (probability) => probability > 0 && fraction() < probability,
    fork: (purpose) => seededRandom(`${seed}/${purpose}`),
    bytes(count) {
      const bytes = new Uint8Array(count)
      for (let index = 0; index < count; index += 4) {
        const word = next()
        for (let byte = 0; byte < 4 && index + byte < count; byte++) bytes[index + byte] = word >>> (8 * byte)
      }
      return bytes
    },
  }
}

function seedsOf(text: string): [number, number, number, number] {
  let h = 1779033703 ^ text.length
  for (let index = 0; index < text.length; index++) {
    h = Math.imul(h ^ text.charCodeAt(index), 3432918353)
    h = (h << 13) | (h >>> 19)
  }
  const seed = (): number => {
    h = Math.imul(h ^ (h >>> 16), 2246822507)
    h = Math.imul(h ^ (h >>> 13), 3266489909)
    h ^= h >>> 16
    return h | 0
  }
  return [seed(), seed(), seed(), 1]
}
