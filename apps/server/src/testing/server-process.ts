import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { newFolder } from './folder.ts'

export interface ServerProcess {
  readonly process: ChildProcess
  /** Resolves to the first line that holds a text, on either output. */
  readonly line: (text: string) => Promise<string>
  /** All so far. */
  readonly lines: () => readonly string[]
}

/** The server as a process of its own, on a free port, in the folder with the files that its settings name. */
export function startServer(settings: Readonly<Record<string, string>>, folder = newFolder()): ServerProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts')], {
    cwd: folder,
    env: { PATH: process.env['PATH'], WHISKER_PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  const waiting = new Set<() => void>()
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => {
      lines.push(line)
      for (const look of waiting) look()
    })
  }
  return {
    process: child,
    lines: () => lines,
    line: async (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find((one) => one.includes(text))
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        child.once('close', () => reject(new Error(`It ended without “${text}”:\n${lines.join('\n')}`)))
        look()
      }),
  }
}
