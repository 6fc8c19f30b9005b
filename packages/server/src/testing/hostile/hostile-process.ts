import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Ports, ServerState } from './hostile-ports.ts'

/** The server under attack, in a process of its own. */
export class HostileProcess {
  readonly ports: Ports
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(child: ChildProcess, ports: Ports, ended: Promise<unknown>) {
    this.#child = child
    this.ports = ports
    this.#ended = ended
  }

  static async start(path: string): Promise<HostileProcess> {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'hostile-server.ts'), path], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as unknown)
    return new HostileProcess(child, (await told(child, ended)) as Ports, ended)
  }

  /** Throws if it has ended. */
  async state(): Promise<ServerState> {
    const state = told(this.#child, this.#ended)
    this.#child.send('state')
    return (await state) as ServerState
  }

  /** Asks it to end; resolves to its exit code, or to the signal that ended it, now or before. */
  async end(): Promise<unknown> {
    this.#child.kill('SIGTERM')
    return this.#ended
  }
}

async function told(child: ChildProcess, ended: Promise<unknown>): Promise<unknown> {
  return Promise.race([
    once(child, 'message').then(([message]) => message as unknown),
    ended.then((code) => {
      throw new Error(`The server under attack has ended with ${String(code)}.`)
    }),
  ])
}
