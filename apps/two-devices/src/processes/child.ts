import { type ChildProcess, fork } from 'node:child_process'
import type { Answer, Call, Commands, Failure, Told } from './messages.ts'

/** How long a command may take unless told otherwise. */
const CALL_MS = 60_000
/** What is kept of what a child writes. */
const OUTPUT_CHARACTERS = 8000

/** A command that failed in the other process, or that the other process did not live to answer. */
export class CallError extends Error {
  readonly code: string | undefined
  readonly fix: string | undefined

  constructor(message: string, { code, fix }: Partial<Failure> = {}) {
    super(message)
    this.name = 'CallError'
    this.code = code
    this.fix = fix
  }
}

interface Waiting {
  readonly name: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: CallError) => void
  readonly timer: NodeJS.Timeout
}

type Listener = (detail: unknown) => void

/** A process of ours: its commands as calls, its events, its end. It ends with this process, whatever becomes of it. */
export class Child<C extends Commands, E> {
  readonly name: string
  readonly #process: ChildProcess
  readonly #waiting: Map<number, Waiting> = new Map()
  readonly #listeners: Map<string, Set<Listener>> = new Map()
  readonly #ended: Promise<void>
  #calls = 0
  #output = ''
  #isExpectedToEnd = false

  /** `environment` is added to that of this process. */
  constructor(name: string, file: string, environment: NodeJS.ProcessEnv = {}) {
    this.name = name
    this.#process = fork(file, [], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Not those of the parent, which may be a test runner's.
      execArgv: [],
      // Structured clones carry `undefined`, by which a patch removes a field.
      serialization: 'advanced',
    })
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      output?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_CHARACTERS)
      })
    }
    this.#process.on('message', (message: Answer | Told) => this.#take(message))
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ended = promise
    this.#process.on('error', () => {
      // One that could not be sent a message still runs; one that could not be started never will.
      if (this.#process.pid === undefined) resolve()
    })
    // Not `exit`: what it wrote last may still be on the way then.
    this.#process.on('close', () => resolve())
    void this.#rejectAtEnd()
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Resolves once it is gone, however that came. */
  get ended(): Promise<void> {
    return this.#ended
  }

  /** The last of what it wrote. */
  get output(): string {
    return this.#output
  }

  /** Runs a command there; rejects with a `CallError` if it fails, takes too long or the process ends. */
  async call<K extends keyof C & string>(name: K, ...parameters: Parameters<C[K]>): Promise<Awaited<ReturnType<C[K]>>> {
    return this.callWithin(CALL_MS, name, ...parameters)
  }

  async callWithin<K extends keyof C & string>(
    timeoutMs: number,
    name: K,
    ...parameters: Parameters<C[K]>
  ): Promise<Awaited<ReturnType<C[K]>>> {
    if (!this.isRunning) throw this.#endedError()
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const call = ++this.#calls
    const timer = setTimeout(() => {
      this.#waiting.delete(call)
      reject(new CallError(`${this.name} has not answered ${name} within ${timeoutMs} ms.\n${this.#output}`))
    }, timeoutMs)
    this.#waiting.set(call, { name, resolve, reject, timer })
    const message: Call = { call, name, parameters }
    this.#process.send(message, (error) => {
      if (error) this.#settle(call)?.reject(new CallError(`${this.name} could not be asked ${name}: ${error.message}`))
    })
    return (await promise) as Awaited<ReturnType<C[K]>>
  }

  /** Calls back on an event; returns what ends it. */
  on<K extends keyof E & string>(event: K, listener: (detail: E[K]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners)
    const own: Listener = (detail) => listener(detail as E[K])
    listeners.add(own)
    return () => void listeners.delete(own)
  }

  /** The next event of that name for which `wanted` says yes. Ask before you cause it. */
  next<K extends keyof E & string>(
    event: K,
    wanted: (detail: E[K]) => boolean = () => true,
    timeoutMs: number = CALL_MS,
  ): Promise<E[K]> {
    const { promise, resolve, reject } = Promise.withResolvers<E[K]>()
    const end = this.on(event, (detail) => {
      if (wanted(detail)) resolve(detail)
    })
    void this.#ended.then(() => reject(this.#endedError()))
    const timer = setTimeout(
      () => reject(new CallError(`${this.name} has not told of ${event} within ${timeoutMs} ms.\n${this.#output}`)),
      timeoutMs,
    )
    const next = promise.finally(() => {
      clearTimeout(timer)
      end()
    })
    // Whoever awaits it hears of a failure; if something else failed before, nobody does.
    next.catch(() => undefined)
    return next
  }

  /** Ends the process, with SIGKILL before any of its code can run; resolves once it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#isExpectedToEnd = true
    if (this.isRunning) this.#process.kill(signal)
    await this.#ended
  }

  /** Stops the process where it is; its locks and sockets stay. */
  freeze(): void {
    this.#process.kill('SIGSTOP')
  }

  /** Lets it go on from there. */
  thaw(): void {
    this.#process.kill('SIGCONT')
  }

  #take(message: Answer | Told): void {
    if ('event' in message) {
      for (const listener of this.#listeners.get(message.event) ?? []) listener(message.detail)
      return
    }
    const waiting = this.#settle(message.answer)
    if (!waiting) return
    if ('value' in message) waiting.resolve(message.value)
    else {
      const { failure } = message
      const fix = failure.fix === undefined ? '' : ` ${failure.fix}`
      waiting.reject(new CallError(`${this.name}, ${waiting.name}: ${failure.message}${fix}`, failure))
    }
  }

  #settle(call: number): Waiting | undefined {
    const waiting = this.#waiting.get(call)
    if (waiting) clearTimeout(waiting.timer)
    this.#waiting.delete(call)
    return waiting
  }

  async #rejectAtEnd(): Promise<void> {
    await this.#ended
    for (const call of this.#waiting.keys()) this.#settle(call)?.reject(this.#endedError())
  }

  #endedError(): CallError {
    const { exitCode, signalCode } = this.#process
    const how = signalCode ? `was ended by ${signalCode}` : `ended with code ${exitCode}`
    return new CallError(`${this.name} ${how}${this.#isExpectedToEnd ? '.' : `.\n${this.#output}`}`)
  }
}
