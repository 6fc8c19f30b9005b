import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** What it left behind in the folder for temporary files. */
  readonly left: readonly string[]
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'two-devices-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The demo as a process of its own, without a terminal, with a temporary folder of its own. */
export function startDemo(folder: string, ...options: string[]): ChildProcess {
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...rest } = process.env
  const demo = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), ...options], {
    env: { ...rest, TMPDIR: folder, TEMP: folder, TMP: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void demo.kill('SIGKILL'))
  return demo
}

export async function runDemo(...options: string[]): Promise<Run> {
  const folder = newFolder()
  const demo = startDemo(folder, ...options)
  if (!demo.stdout || !demo.stderr) throw new Error('The demo was started without its outputs.')
  const [stdout, stderr] = await Promise.all([text(demo.stdout), text(demo.stderr), once(demo, 'close')])
  return { code: demo.exitCode, stdout, stderr, left: readdirSync(folder) }
}
