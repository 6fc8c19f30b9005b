import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Held } from '../check.ts'
import { Child } from '../processes/child.ts'
import type { Failure } from '../processes/messages.ts'
import type { MarkedServerCommands } from './marked-server-process.ts'
import type { DeviceTrace, ServerTrace, Trace } from './points.ts'
import { wasOpen } from './transactions.ts'
import { type Documents, documentsOf } from './values.ts'
import type { WriterCommands, WriterEvents } from './writer-process.ts'

type NoEvents = { readonly [name: string]: never }
type ServerChild = Child<MarkedServerCommands, NoEvents>
type WriterChild = Child<WriterCommands, WriterEvents>

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Most of a start is compiling, so it is done once for all of them, and kept where Node keeps it if it is left to it. */
const COMPILED_ONCE = { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') }

/** The files beside a store that tell what its process was in the middle of. */
class Telltales<T extends Trace> {
  readonly paths: { readonly marker: string; readonly trace: string }

  constructor(folder: string, name: string) {
    this.paths = { marker: join(folder, `${name}.marker`), trace: join(folder, `${name}.trace`) }
  }

  get wasInTransaction(): boolean {
    return wasOpen(this.paths.marker)
  }

  /** Of the point at which it stopped; undefined if it came to none. */
  get trace(): T | undefined {
    const { trace } = this.paths
    return existsSync(trace) ? (JSON.parse(readFileSync(trace, 'utf8')) as T) : undefined
  }
}

/** A server that is killed and comes back on the same file and port. */
export class Server {
  readonly name = 'server'
  readonly file: string
  readonly telltales: Telltales<ServerTrace>
  #process: ServerChild | undefined
  port = 0

  constructor(folder: string) {
    this.file = join(folder, 'server.db')
    this.telltales = new Telltales(folder, 'server')
  }

  get process(): ServerChild {
    return started('server', this.#process)
  }

  async start(): Promise<void> {
    this.#process = new Child('server', fileOf('marked-server-process.ts'), COMPILED_ONCE)
    this.port = await this.process.call('listen', { file: this.file, port: this.port, ...this.telltales.paths })
  }

  async end(): Promise<void> {
    await this.#process?.kill()
  }
}

/** A device that writes, is killed and comes back on the same file, and what its former selves were promised. */
export class Writer {
  readonly name: string
  readonly file: string
  readonly telltales: Telltales<DeviceTrace>
  readonly #server: Server
  #process: WriterChild | undefined
  /** The last value that is on this device, as it was told; so are all before it. */
  resolved = 0
  /** Those that are on the server, as it was told: not in order, since a write may go to the server with a later one. */
  readonly acknowledged = new Set<number>()
  /** Writes that resolved and that the server did not acknowledge in the end. */
  readonly failed: Failure[] = []
  isInRound = false
  /** Operations that waited in the store when it was last opened. */
  pendingAtStart = 0

  /** Those with the same `store` open one file, as slots of one device. */
  constructor(name: string, folder: string, server: Server, store: string = name) {
    this.name = name
    this.file = join(folder, `${store}.db`)
    this.#server = server
    this.telltales = new Telltales(folder, name)
  }

  get process(): WriterChild {
    return started(this.name, this.#process)
  }

  /** Opens its file; it does not sync yet. */
  async open(): Promise<void> {
    const process: WriterChild = new Child(this.name, fileOf('writer-process.ts'), COMPILED_ONCE)
    this.#process = process
    this.isInRound = false
    process.on('resolved', (value) => (this.resolved = Math.max(this.resolved, value)))
    process.on('acknowledged', (value) => this.acknowledged.add(value))
    process.on('failed', (failure) => this.failed.push(failure))
    process.on('round', (what) => (this.isInRound = what === 'began'))
    const { name, file } = this
    const url = `http://127.0.0.1:${this.#server.port}`
    const { pending, last } = await process.call('open', { name, file, url, ...this.telltales.paths })
    this.pendingAtStart = pending
    if (last < this.resolved) throw new Error(`${name} holds ${last} values, and was promised ${this.resolved}.`)
    // What was killed between its commit and its promise is there too.
    this.resolved = last
  }

  async start(): Promise<void> {
    await this.open()
    await this.process.call('start')
  }

  async startWriting(): Promise<void> {
    await this.start()
    await this.process.call('write')
  }

  async end(): Promise<void> {
    await this.#process?.kill()
  }

  /** Everything that an app sees of it. */
  async held(): Promise<Held> {
    const documents = documentsOf(await this.documents())
    const [pending, rejected] = [await this.process.call('pending'), await this.process.call('rejected')]
    return { device: this.name, documents, pending, rejected, conflicts: await this.process.call('conflicts') }
  }

  async documents(): Promise<Documents> {
    return this.process.call('documents')
  }
}

function started<T>(name: string, process: T | undefined): T {
  if (!process) throw new Error(`${name} was never started.`)
  return process
}

/** Ends their writing, and brings everything of each to all. */
export async function settle(...writers: readonly Writer[]): Promise<void> {
  // Twice: what the last one pushes after the others have pulled, they have to pull again.
  for (let round = 0; round < 2; round++) {
    await Promise.all(writers.map(async (writer) => writer.process.call('settle')))
  }
}
