import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { withSection } from '@whisker/tools/section'
import { type Catch, Hunt } from './hunt.ts'
import type { Mutant } from './mutant.ts'
import { MUTANTS, mutantNamed } from './mutants.ts'
import { type MutantResult, cellsOf, isCaught, tableOf } from './table.ts'

/** Where each range of seeds begins. */
const RANGES = [1, 1_000_001, 2_000_001]
/** The most seeds of a range: a mutant that holds for so many shows that a check is missing. */
const MOST_SEEDS = 20_000
/** How many seeds of a range are tried before it is the turn of the next. */
const SEEDS_IN_TURN = 100
const DOCUMENT = new URL('../../../../docs/simulation.md', import.meta.url)

export interface MutantsOptions {
  /** The name of one mutant; otherwise all of them run, and the table in `docs/simulation.md` is written. */
  readonly only?: string | undefined
  /** The most seeds of each range. Default: 20,000. */
  readonly seeds?: number | undefined
  readonly tell: (line: string) => void
}

/**
 * Counts, for each mutant and in each range, the seeds until it is caught. Resolves to whether all were, in all ranges.
 * The table is written anew with each mutant that is done, so that what is interrupted has not been for nothing.
 */
export async function runMutants({ only, seeds = MOST_SEEDS, tell }: MutantsOptions): Promise<boolean> {
  const mutants = only === undefined ? MUTANTS : [mutantNamed(only)]
  const done = new Map<Mutant, MutantResult>()
  await huntAll(mutants, seeds, (result) => {
    done.set(result.mutant, result)
    tell(lineOf(result, seeds))
    if (only === undefined) keepTable([...done.values()], seeds)
  })
  const missed = [...done.values()].filter((result) => !isCaught(result))
  tell(`${done.size - missed.length} of ${done.size} mutants were caught in all ranges of ${seeds} seeds.`)
  return missed.length === 0
}

function keepTable(results: readonly MutantResult[], seeds: number): void {
  const inOrder = results.toSorted((a, b) => MUTANTS.indexOf(a.mutant) - MUTANTS.indexOf(b.mutant))
  writeFileSync(DOCUMENT, withSection(readFileSync(DOCUMENT, 'utf8'), 'mutants', tableOf(inOrder, seeds)))
}

function lineOf(result: MutantResult, seeds: number): string {
  const [, , , rules, needed] = cellsOf(result, seeds)
  return `${result.mutant.name}: ${rules}, after ${needed} seeds`
}

/** As many ranges at once as there are cores, and a few seeds of each in turn: what is caught soon is told soon. */
async function huntAll(mutants: readonly Mutant[], count: number, done: (result: MutantResult) => void): Promise<void> {
  const hunt = new Hunt()
  const results = mutants.map((mutant) => ({
    mutant,
    catches: RANGES.map((): Catch | undefined => undefined),
    left: RANGES.length,
  }))
  const turns = results.flatMap((result) => RANGES.map((from, index) => ({ result, index, from, tried: 0 })))
  const take = async (): Promise<void> => {
    for (let turn = turns.shift(); turn; turn = turns.shift()) {
      const { result, index, from, tried } = turn
      const range = { from: from + tried, count: Math.min(SEEDS_IN_TURN, count - tried) }
      const caught = await hunt.for(result.mutant, range)
      if (caught) result.catches[index] = { ...caught, seeds: tried + caught.seeds }
      else if (tried + range.count < count) {
        turns.push({ ...turn, tried: tried + range.count })
        continue
      }
      if (--result.left === 0) done(result)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, take))
}
