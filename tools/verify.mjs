// What CI checks beside the tests, all of it whatever fails on the way; and of the tests the house rules, which are quick, and
// those of the packages as npm would get them.
import { spawnSync } from 'node:child_process'

const CHECKS = [
  'oxfmt --check .',
  'turbo run lint types build --continue',
  'vitest run --project @whisker/tools',
  'vitest run --mode packed',
]

const failed = CHECKS.filter((check) => {
  console.log(`\n== ${check}`)
  return spawnSync(check, { stdio: 'inherit', shell: true }).status !== 0
})
console.log(failed.length === 0 ? '\nEverything passed.' : `\nFailed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
