import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Report } from '../figures.ts'

const run = promisify(execFile)

/** Runs the benchmark as a user would; rejects with `code` and `stderr` if it fails. */
export async function runBench(...options: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, '../main.ts'), ...options])
  return stdout
}

/** With hardly any documents: that it works, not what it says. */
export async function smallReport(...options: readonly string[]): Promise<Report> {
  const few = ['--documents', '40', '--growth', '60', '--edits', '1', '--rounds', '1']
  return JSON.parse(await runBench(...few, '--json', ...options)) as Report
}
