import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { withSection } from '@whisker/tools/section'
import type { SoakFigures } from './figures.ts'
import { type Origin, sectionOf } from './report.ts'

const ROOT = join(import.meta.dirname, '../../..')
export const DOCUMENT = 'docs/live.md'

/** Writes what a run came to into the document. */
export function record(figures: SoakFigures, origin: Origin): void {
  const path = join(ROOT, DOCUMENT)
  writeFileSync(path, withSection(readFileSync(path, 'utf8'), 'soak', sectionOf(figures, origin)))
}

/** To be asked before a run: what is committed meanwhile did not run. */
export const currentOrigin = (): Origin => ({
  date: new Date().toISOString().slice(0, 10),
  commit: commit(),
  node: process.versions.node,
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  load: loadavg()[1] ?? 0,
})

function commit(): string {
  const hasChanges = git('status', '--porcelain', '--', 'packages', 'bench/src') !== ''
  return `\`${git('rev-parse', 'HEAD').slice(0, 12)}\`${hasChanges ? ' and changes' : ''}`
}

const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()
