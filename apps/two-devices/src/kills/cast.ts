import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JsonObject } from '@whisker/engine'
import { Child } from '../processes/child.ts'
import type { Failure } from '../processes/messages.ts'
import type { MarkedServerCommands } from './marked-server-process.ts'
import type { Promised, WriterCommands, WriterEvents } from './writer-process.ts'

export type NoEvents = { readonly [name: string]: never }
const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A process that is killed and comes back on the same file, and what its former selves were promised. */
export class Writer {
  readonly name: string
  readonly marker: string
  readonly #file: string
  readonly #port: number
  /** The highest value promised for each field, by the device that wrote it. */
  readonly resolved: Map<string, number> = new Map()
  readonly acknowledged: Map<string, number> = new Map()
  /** Writes that resolved and that the server did not acknowledge in the end. */
  readonly failed: Failure[] = []
  process: Child<WriterCommands, WriterEvents> | undefined
  isInRound = false
  last = 0
  /** Acknowledgements that it told of, over all its lives. */
  acknowledgements = 0
  /** Operations that waited in the store when it was last opened. */
  pendingAtStart = 0

  /** Those with the same `store` open one file, as slots of one device. */
  constructor(name: string, folder: string, port: number, store: string = name) {
    this.name = name
    this.#file = join(folder, `${store}.db`)
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
    process.on('failed', (failure) => this.failed.push(failure))
    process.on('round', (what) => (this.isInRound = what === 'began'))
    const url = `http://127.0.0.1:${this.#port}`
    this.pendingAtStart = await process.call('open', { name: this.name, file: this.#file, marker: this.marker, url })
    return process
  }

  /** What was promised to it and `documents` do not hold. */
  brokenPromises(documents: Documents): readonly (readonly [key: string, value: number])[] {
    return [...this.resolved, ...this.acknowledged].filter(([key, value]) => valueAt(documents, key) < value)
  }
}

/** By `collection/id`. */
export type Documents = ReadonlyMap<string, JsonObject>

const keyOf = ({ collection, id, field }: Promised): string => `${collection}/${id}/${field}`

function valueAt(documents: Documents, key: string): number {
  const [collection, id, field] = key.split('/') as [string, string, string]
  return Number(documents.get(`${collection}/${id}`)?.[field] ?? -1)
}

/** Everything that an app sees of a device at rest. */
export interface View {
  readonly documents: Documents
  readonly conflicts: number
  readonly rejected: number
  readonly pending: number
}

export async function viewOf({ name, process }: Writer): Promise<View> {
  if (!process) throw new Error(`${name} was never started.`)
  const documents = new Map(await process.call('documents'))
  const [conflicts, rejected] = [await process.call('conflicts'), await process.call('rejected')]
  return { documents, conflicts, rejected, pending: await process.call('pending') }
}

export async function startServer(
  folder: string,
  port: number,
): Promise<{ process: Child<MarkedServerCommands, NoEvents>; port: number }> {
  const process = new Child<MarkedServerCommands, NoEvents>('server', fileOf('marked-server-process.ts'))
  return { process, port: await process.call('listen', join(folder, 'server.db'), join(folder, 'server.marker'), port) }
}
