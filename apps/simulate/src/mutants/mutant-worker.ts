import { CANNOT_LOAD } from './cannot-load.ts'
import { installMutant } from './install-mutant.ts'
import { mutantNamed } from './mutants.ts'

/* A worker for the product with the mutant that its argument names, or as it is. */
const [name] = process.argv.slice(2)
try {
  if (name !== undefined) installMutant(mutantNamed(name))
  await import('../worker.ts')
} catch (error) {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(text, () => process.exit(CANNOT_LOAD))
}
