import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface StartedProcess {
  readonly child: ChildProcess
  /** The first line that it printed. */
  readonly line: string
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>
}

/** Starts a file of this folder as a process of its own, and waits for its first line. */
export async function startProcess(file: string, ...parameters: readonly string[]): Promise<StartedProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null)
  const line = await Promise.race([
    once(child.stdout, 'data').then(([data]) => String(data).trim()),
    ended.then((code) => {
      throw new Error(`${file} ended with ${String(code)} before it printed anything.`)
    }),
  ])
  return { child, line, ended }
}
