import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { SeedTold } from './seeds-process.ts'

const PROCESS = fileURLToPath(new URL('./seeds-process.ts', import.meta.url))
/** A seed that runs for longer does not end at all; the slowest takes a few seconds. */
const LONGEST_SEED_MS = 60_000

export interface SeedRange {
  readonly from: number
  readonly count: number
}

/** A seed that broke a rule, or the process. */
export interface FoundViolation {
  readonly seed: number
  /** `crash` and `hang`: the process did not get to a rule. */
  readonly rule: string
  readonly message: string
}

/**
 * The first of some seeds for which the product, with a mutant if one is named, does not hold. Throws if it cannot even
 * be loaded: a mutant that does not fit its source is not one that was caught.
 */
export async function firstViolation(
  mutant: string | undefined,
  { from, count }: SeedRange,
): Promise<FoundViolation | undefined> {
  const args = [mutant ?? '', String(from), String(count)]
  const child = fork(PROCESS, args, { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let seed = from
  let isLoaded = false
  let hangs = false
  let found: FoundViolation | undefined
  let complaint = ''
  const watch = (): NodeJS.Timeout =>
    setTimeout(() => {
      hangs = true
      child.kill('SIGKILL')
    }, LONGEST_SEED_MS)
  let timer = watch()
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-2000)))
  child.on('message', (told) => {
    clearTimeout(timer)
    timer = watch()
    isLoaded = true
    if (told === 'loaded') return
    const { seed: done, violation } = told as SeedTold
    if (violation) found = { seed: done, ...violation }
    seed = done + 1
  })
  const [[code]] = await Promise.all([once(child, 'close'), once(child, 'disconnect')])
  clearTimeout(timer)
  if (found) return found
  if (!isLoaded) throw new Error(`The product does not load with the mutant ${mutant ?? 'none'}: ${complaint}`)
  if (hangs) return { seed, rule: 'hang', message: `It did not end within ${LONGEST_SEED_MS} ms.` }
  return code === 0 ? undefined : { seed, rule: 'crash', message: complaint }
}
