import { CLIENT_STORE_MUTANTS } from './client-store-mutants.ts'
import { CLIENT_SYNC_MUTANTS } from './client-sync-mutants.ts'
import type { Mutant } from './mutant.ts'
import { PROTOCOL_MUTANTS } from './protocol-mutants.ts'
import { SERVER_MUTANTS } from './server-mutants.ts'

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  ...PROTOCOL_MUTANTS,
  ...CLIENT_STORE_MUTANTS,
  ...CLIENT_SYNC_MUTANTS,
  ...SERVER_MUTANTS,
]

export function mutantNamed(name: string): Mutant {
  const mutant = MUTANTS.find((one) => one.name === name)
  if (mutant) return mutant
  throw new Error(`There is no mutant ${name}. There are: ${MUTANTS.map((one) => one.name).join(', ')}.`)
}
