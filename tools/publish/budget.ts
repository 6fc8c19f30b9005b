import type { Bundle } from './measure.ts'

/** How many of the largest parts a complaint names. */
const NAMED_PARTS = 10

/** What is wrong with the size of a bundle, if anything is; without a budget everything is. */
export function overBudget(name: string, { gzipBytes, parts }: Bundle, budget: number | undefined): string | undefined {
  if (budget === undefined)
    return `${name} has no budget in tools/publish/budgets.json; it measures ${gzipBytes} bytes.`
  if (gzipBytes <= budget) return undefined
  return [
    `${name} measures ${gzipBytes} bytes, minified and gzipped; its budget is ${budget}. The largest parts, minified:`,
    ...parts.slice(0, NAMED_PARTS).map(({ source, bytes }) => `${String(bytes).padStart(8)}  ${source}`),
  ].join('\n')
}
