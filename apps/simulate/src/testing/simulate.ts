import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export interface Told {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-simulate-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The command as a process of its own, without a terminal. */
export function startSimulate(...options: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

export async function simulate(...options: string[]): Promise<Told> {
  return toldBy(startSimulate(...options))
}

/** What it has said when it has ended. */
export async function toldBy(child: ChildProcess): Promise<Told> {
  if (!child.stdout || !child.stderr) throw new Error('The command was started without its outputs.')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, stdout, stderr }
}
