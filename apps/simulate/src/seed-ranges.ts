/** Numbers of seeds as ranges, first and last, in order and apart: millions of them in a few words. */
export type SeedRanges = readonly (readonly [first: number, last: number])[]

export function withSeed(ranges: SeedRanges, seed: number): SeedRanges {
  const before = ranges.filter(([, last]) => last < seed - 1)
  const after = ranges.filter(([first]) => first > seed + 1)
  const touching = ranges.slice(before.length, ranges.length - after.length)
  const first = Math.min(seed, ...touching.map((range) => range[0]))
  const last = Math.max(seed, ...touching.map((range) => range[1]))
  return [...before, [first, last], ...after]
}

/** The first number from there on that is in no range. */
export function nextSeed(ranges: SeedRanges, from: number): number {
  const covering = ranges.find(([first, last]) => first <= from && from <= last)
  return covering ? covering[1] + 1 : from
}

export const countSeeds = (ranges: SeedRanges): number =>
  ranges.reduce((count, [first, last]) => count + last - first + 1, 0)
