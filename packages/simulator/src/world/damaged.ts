import type { Faults } from './faults.ts'

/** What arrives of a text; what is not whole is not JSON any more, or the channel would have noticed. */
export function damaged(text: string, faults: Faults): string {
  if (faults.strikes('truncate')) {
    faults.took('truncate')
    return text.slice(0, faults.dice('truncate').below(text.length))
  }
  if (faults.strikes('corrupt')) {
    faults.took('corrupt')
    const at = faults.dice('corrupt').below(text.length)
    return `${text.slice(0, at)}\u0000#${text.slice(at + 2)}`
  }
  return text
}
