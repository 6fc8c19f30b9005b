import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Message, Task } from './messages.ts'

/** What is kept of what a process writes before it ends. */
const OUTPUT_CHARACTERS = 2000

/** The process did not live to answer, or did not end. */
export interface Lost {
  readonly did: 'crash' | 'hang'
  readonly message: string
  /** What its process ended with, if it did. */
  readonly code?: number | undefined
}

/** A process that does one task after another. One that crashed or hung is replaced for the next task. */
export class WorkerProcess {
  readonly #module: URL
  readonly #patienceMs: number
  readonly #args: readonly string[]
  #child: ChildProcess | undefined
  #output = ''

  /** `patienceMs` is how long it may be silent in the middle of a task. */
  constructor(module: URL, patienceMs: number, args: readonly string[] = []) {
    this.#module = module
    this.#patienceMs = patienceMs
    this.#args = args
  }

  async perform(task: Task): Promise<Answer | Lost> {
    const child = this.#child ?? this.#start()
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout
      const hang = (): void => {
        this.end()
        settle({ did: 'hang', message: `it said nothing for ${this.#patienceMs / 1000} s` })
      }
      const take = (message: Message): void => {
        if (message.did !== 'trying') return settle(message)
        clearTimeout(timer)
        timer = setTimeout(hang, this.#patienceMs)
      }
      const crash = (code: number | null, signal: string | null): void => {
        const how = signal === null ? `code ${code}` : signal
        const message = `its process ended with ${how}: ${this.#output.trim()}`
        settle({ did: 'crash', message, code: code ?? undefined })
      }
      const settle = (what: Answer | Lost): void => {
        clearTimeout(timer)
        child.off('message', take).off('close', crash)
        resolve(what)
      }
      timer = setTimeout(hang, this.#patienceMs)
      child.on('message', take).on('close', crash)
      child.send(task)
    })
  }

  /** Kills it, whatever it is doing. */
  end(): void {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }

  #start(): ChildProcess {
    this.#output = ''
    const module = fileURLToPath(this.#module)
    const child = fork(module, this.#args, { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-OUTPUT_CHARACTERS)
    })
    // Whatever goes wrong with it, it ends, and its end is told.
    child.on('error', () => child.kill('SIGKILL'))
    child.on('close', () => {
      if (this.#child === child) this.#child = undefined
    })
    this.#child = child
    return child
  }
}
