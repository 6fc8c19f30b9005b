import { installMutant } from './install-mutant.ts'
import { mutantNamed } from './mutants.ts'

/** What this process tells its parent of each seed, once it has told that the product is loaded. */
export interface SeedTold {
  readonly seed: number
  readonly violation?: { readonly rule: string; readonly message: string } | undefined
}

/*
 * Runs seeds, one after another, up to the first that breaks a rule. Its arguments: the mutant, or nothing for the
 * product as it is; the first seed; how many there are.
 */
// Whoever asked is gone.
process.on('disconnect', () => process.exit())
const [name = '', from, count] = process.argv.slice(2)
if (name !== '') installMutant(mutantNamed(name))
const { planOf, run } = await import('@whisker/simulator')
await tell('loaded')
for (let seed = Number(from); seed < Number(from) + Number(count); seed++) {
  const { violation } = await run(planOf(String(seed)))
  await tell({ seed, violation: violation && { rule: violation.rule, message: violation.message } })
  if (violation) break
}
process.exit()

async function tell(told: 'loaded' | SeedTold): Promise<void> {
  await new Promise<void>((resolve) => process.send?.(told, undefined, undefined, () => resolve()))
}
