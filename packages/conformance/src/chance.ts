/** Whole numbers from 0 up to a bound, the same for a seed in every run. */
export type Chance = (bound: number) => number

export function chanceOf(seed: number): Chance {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 8) % bound
  }
}
