import { measureBrowser } from './run.ts'

// node bench/src/browser/main.ts [documents …]: what a store in a browser takes, beside bare IndexedDB.

const line = (name: string, ms: number, bareMs: number): string =>
  `${name.padEnd(12)} ${Math.round(ms)} ms, ${(ms / bareMs).toFixed(1)} × bare IndexedDB (${Math.round(bareMs)} ms)\n`

const counts = process.argv.slice(2).map(Number)
for (const documents of counts.length > 0 ? counts : [10_000, 100_000]) {
  const { firstSync, reopen, bareWrite, bareRead } = await measureBrowser(documents, (step) =>
    process.stderr.write(`${step} …\n`),
  )
  process.stdout.write(
    `${documents} documents\n${line('first sync', firstSync, bareWrite)}${line('reopen', reopen, bareRead)}`,
  )
}
