import type { FailureNumber } from './failures.ts'

/** A mistake that can be put into the product's sources while they are loaded: each must be noticed by the simulator. */
export interface Mutant {
  readonly name: string
  /** The failure that it stands for. */
  readonly row: FailureNumber
  /** What is wrong with the product that has it. */
  readonly about: string
  readonly edits: readonly Edit[]
}

export interface Edit {
  /** The source, from the root of the workspace. */
  readonly file: string
  /** Occurs in it exactly once. */
  readonly find: string
  readonly replace: string
}

/** A source with the edits that are meant for it. */
export function mutate(source: string, edits: readonly Edit[]): string {
  let mutated = source
  for (const { file, find, replace } of edits) {
    const count = mutated.split(find).length - 1
    if (count !== 1) throw new Error(`${file} holds this ${count} times instead of once: ${find}`)
    mutated = mutated.replace(find, () => replace)
  }
  return mutated
}
