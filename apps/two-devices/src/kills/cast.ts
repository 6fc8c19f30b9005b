import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child } from '../processes/child.ts'
import type { MarkedServerCommands } from './marked-server-process.ts'
import type { Promised, WriterCommands, WriterEvents } from './writer-process.ts'

export type NoEvents = { readonly [name: string]: never }
const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A process that is killed and comes back on the same file, and what its former selves were promised. */
export class Writer {
  readonly name: string
  readonly marker: string
  readonly #folder: string
  readonly #port: number
  /** The highest value promised for each field, by the device that wrote it. */
  readonly resolved: Map<string, number> = new Map()
  readonly acknowledged: Map<string, number> = new Map()
  process: Child<WriterCommands, WriterEvents> | undefined
  isInRound = false
  last = 0
  /** Acknowledgements that it told of, over all its lives. */
  acknowledgements = 0
  /** Operations that waited in the store when it was last opened. */
  pendingAtStart = 0

  constructor(name: string, folder: string, port: number) {
    this.name = name
    this.#folder = folder
    this.#port = port
    this.marker = join(folder, `${name}.marker`)
  }

  async start(): Promise<Child<WriterCommands, WriterEvents>> {
    const process = new Child<WriterCommands, WriterEvents>(this.name, fileOf('writer-process.ts'))
    this.process = process
    this.isInRound = false
    const note = (into: Map<string, number>) => (promised: Promised) => {
      into.set(keyOf(promised), Math.max(promised.value, into.get(keyOf(promised)) ?? 0))
      this.last = Math.max(this.last, promised.value)
    }
    process.on('resolved', note(this.resolved))
    process.on('acknowledged', note(this.acknowledged))
    process.on('acknowledged', () => this.acknowledgements++)
    process.on('round', (what) => (this.isInRound = what === 'began'))
    const file = join(this.#folder, `${this.name}.db`)
    const url = `http://127.0.0.1:${this.#port}`
    this.pendingAtStart = await process.call('open', { name: this.name, file, marker: this.marker, url })
    return process
  }
}

const keyOf = ({ collection, id, field }: Promised): string => `${collection}/${id}/${field}`

export async function startServer(
  folder: string,
  port: number,
): Promise<{ process: Child<MarkedServerCommands, NoEvents>; port: number }> {
  const process = new Child<MarkedServerCommands, NoEvents>('server', fileOf('marked-server-process.ts'))
  return { process, port: await process.call('listen', join(folder, 'server.db'), join(folder, 'server.marker'), port) }
}
