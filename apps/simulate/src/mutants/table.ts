import { FAILURES } from './failures.ts'
import type { Catch } from './hunt.ts'
import type { Mutant } from './mutant.ts'

/** What came of a mutant: one entry for each range of seeds, undefined where it was not caught. */
export interface MutantResult {
  readonly mutant: Mutant
  readonly catches: readonly (Catch | undefined)[]
}

export const isCaught = ({ catches }: MutantResult): boolean => catches.every((one) => one !== undefined)

/** The seeds needed in the middle one of the ranges; infinite if that did not do. */
export function medianOf({ catches }: MutantResult): number {
  const needed = catches.map((one) => one?.seeds ?? Infinity).sort((a, b) => a - b)
  return needed[Math.floor((needed.length - 1) / 2)] ?? Infinity
}

/** One line of the table, without its frame. */
export function cellsOf(result: MutantResult, most: number): readonly string[] {
  const { mutant, catches } = result
  const shown = (seeds: number): string => (seeds === Infinity ? `> ${most}` : String(seeds))
  const rules = new Set(catches.flatMap((one) => one?.violation.rule ?? []))
  return [
    `\`${mutant.name}\``,
    String(mutant.row),
    mutant.about,
    [...rules].sort().join(', ') || 'nothing',
    catches.map((one) => shown(one?.seeds ?? Infinity)).join(', '),
    shown(medianOf(result)),
  ]
}

/** The table of all mutants, and the failures that they stand for, as Markdown. */
export function tableOf(results: readonly MutantResult[], most: number): readonly string[] {
  const rows = [...new Set(results.map(({ mutant }) => mutant.row))].sort((a, b) => a - b)
  return [
    '| mutant | failure | what is wrong | caught by | seeds needed in each range | median |',
    '|---|---|---|---|---|---|',
    ...results.map((result) => `| ${cellsOf(result, most).join(' | ')} |`),
    '',
    'The failures, as they were reported:',
    '',
    ...rows.map((row) => `- **${row}** ${FAILURES[row]}`),
  ]
}
