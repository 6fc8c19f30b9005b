import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { type Catch, Hunt } from './hunt.ts'
import type { Mutant } from './mutant.ts'
import { MUTANTS, mutantNamed } from './mutants.ts'
import { withSection } from '../section.ts'
import { type MutantResult, cellsOf, isCaught, tableOf } from './table.ts'

/** Where each range of seeds begins. */
const RANGES = [1, 1_000_001, 2_000_001]
/** The most seeds of a range: a mutant that holds for so many shows that a check is missing. */
const MOST_SEEDS = 20_000
const DOCUMENT = new URL('../../../../docs/simulation.md', import.meta.url)

export interface MutantsOptions {
  /** The name of one mutant; otherwise all of them run, and the table in `docs/simulation.md` is written. */
  readonly only?: string | undefined
  /** The most seeds of each range. Default: 20,000. */
  readonly seeds?: number | undefined
  readonly tell: (line: string) => void
}

/** Counts, for each mutant and in each range, the seeds until it is caught. Resolves to whether all were, in all ranges. */
export async function runMutants({ only, seeds = MOST_SEEDS, tell }: MutantsOptions): Promise<boolean> {
  const mutants = only === undefined ? MUTANTS : [mutantNamed(only)]
  const results = await huntAll(mutants, seeds, (result) => tell(lineOf(result, seeds)))
  const missed = results.filter((result) => !isCaught(result))
  tell(`${results.length - missed.length} of ${results.length} mutants were caught in all ranges of ${seeds} seeds.`)
  if (only === undefined) {
    await writeFile(DOCUMENT, withSection(await readFile(DOCUMENT, 'utf8'), 'mutants', tableOf(results, seeds)))
  }
  return missed.length === 0
}

function lineOf(result: MutantResult, seeds: number): string {
  const [, , , rules, needed] = cellsOf(result, seeds)
  return `${result.mutant.name}: ${rules}, after ${needed} seeds`
}

/** As many ranges at once as there are cores. */
async function huntAll(
  mutants: readonly Mutant[],
  count: number,
  done: (result: MutantResult) => void,
): Promise<readonly MutantResult[]> {
  const hunt = new Hunt()
  const results = mutants.map((mutant) => ({
    mutant,
    catches: Array<Catch | undefined>(RANGES.length),
    left: RANGES.length,
  }))
  const tasks = results.flatMap((result) =>
    RANGES.map((from, index) => async () => {
      result.catches[index] = await hunt.for(result.mutant, { from, count })
      if (--result.left === 0) done(result)
    }),
  )
  const workers = Array.from({ length: availableParallelism() }, async () => {
    for (let task = tasks.shift(); task; task = tasks.shift()) await task()
  })
  await Promise.all(workers)
  return results
}
