import { type FoundViolation, type SeedRange, firstViolation } from './first-violation.ts'
import type { Mutant } from './mutant.ts'

/** How a mutant was caught in one range of seeds. */
export interface Catch {
  readonly violation: FoundViolation
  /** How many seeds it took. */
  readonly seeds: number
}

/** Looks for mutants, and knows for which seeds the product itself holds. */
export class Hunt {
  readonly #sound = new Map<number, Promise<boolean>>()

  /** The first seed of a range that breaks a rule with the mutant and breaks none without it; undefined if there is none. */
  async for({ name }: Mutant, { from, count }: SeedRange): Promise<Catch | undefined> {
    const end = from + count
    for (let next = from; next < end;) {
      const violation = await firstViolation(name, { from: next, count: end - next })
      if (!violation) return undefined
      next = violation.seed + 1
      if (await this.#isSound(violation.seed)) return { violation, seeds: next - from }
    }
    return undefined
  }

  async #isSound(seed: number): Promise<boolean> {
    const known = this.#sound.get(seed) ?? firstViolation(undefined, { from: seed, count: 1 }).then((found) => !found)
    this.#sound.set(seed, known)
    return known
  }
}
