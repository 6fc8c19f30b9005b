import { type Collection, type CollectionOptions, SyncEngine } from '@whisker/engine'
import { type Limits, type PushRequest, type Receipt, isSyncError } from '@whisker/protocol'
import type { SeededRandom } from '../random.ts'
import type { Disk } from './disk.ts'
import type { Faults } from './faults.ts'
import type { Host, RequestKind } from './host.ts'
import { Link, type Way } from './link.ts'
import { LiveLink } from './live-link.ts'
import { Process, WallClock } from './process.ts'
import type { Scheduler } from './scheduler.ts'

export interface DeviceOptions {
  readonly name: string
  readonly principal: string
  readonly space: string
  readonly collections: Readonly<Record<string, CollectionOptions>>
  /** Whether its connection to the server stays open. */
  readonly isLive: boolean
  readonly limits: Partial<Limits>
  readonly disk: Disk
  readonly host: Host
  readonly scheduler: Scheduler
  readonly faults: Faults
  readonly random: SeededRandom
  readonly onRequest: (kind: RequestKind) => void
  readonly onReceipt: (request: PushRequest, receipt: Receipt) => void
  readonly onRefusal: (code: string) => void
}

/** One engine in one process of a device. */
export interface Opening<M = Record<string, object>> {
  readonly name: string
  readonly process: Process
  readonly engine: SyncEngine<M>
}

/** A process that was killed before its engine was open: nobody else would hear of it. */
export class KilledError extends Error {
  override readonly name = 'KilledError'
}

const killed = (name: string): never => {
  throw new KilledError(`${name} was killed while it was opened.`)
}

/** A device: a disk, a clock, a way to the server, and the processes that run on it. */
export class Device<M = Record<string, object>> {
  readonly options: DeviceOptions
  readonly wall: WallClock
  readonly way: Way = { isCut: false, losesUp: false, losesDown: false }
  /** The names of its processes that are no more. */
  readonly ended: string[] = []
  #openings: readonly Opening<M>[] = []
  #opened = 0

  constructor(options: DeviceOptions) {
    this.options = options
    this.wall = new WallClock(options.scheduler)
  }

  get name(): string {
    return this.options.name
  }

  get disk(): Disk {
    return this.options.disk
  }

  /** The engines that are open on it; several if it has several tabs or processes. One that the app closed is none. */
  get openings(): readonly Opening<M>[] {
    this.#openings = this.#openings.filter(({ process }) => process.isAlive)
    return this.#openings.filter(({ engine }) => !isClosed(engine, this.options.collections))
  }

  /** The first of its engines. */
  get engine(): SyncEngine<M> {
    const [opening] = this.openings
    if (!opening) throw new RangeError(`No process of ${this.name} is open: await world.open(device) first.`)
    return opening.engine
  }

  collection<C extends keyof M & string>(name: C): Collection<M[C]> {
    return this.engine.collection(name)
  }

  /** Starts a process with an engine. */
  async open(collections?: Readonly<Record<string, CollectionOptions>>): Promise<Opening<M>> {
    const { disk, scheduler, space, limits, random, isLive, host, faults, principal } = this.options
    const name = `${this.name}.${++this.#opened}`
    const process = new Process(scheduler, this.wall)
    const own = random.fork(name)
    const LinkOfKind = isLive ? LiveLink : Link
    const transport = new LinkOfKind({
      process,
      principal,
      way: this.way,
      host,
      faults,
      random: own.fork('link'),
      onRequest: this.options.onRequest,
      onReceipt: this.options.onReceipt,
      onRefusal: this.options.onRefusal,
    })
    const opened = SyncEngine.open({
      space,
      device: { name: this.name },
      collections: collections ?? this.options.collections,
      state: disk.state(process),
      transport,
      limits,
      clock: process.clock,
      random: own.fork('engine'),
      wakes: () => () => {},
    })
    const engine = (await Promise.race([opened, process.ended.then(() => killed(name))])) as unknown as SyncEngine<M>
    engine.start()
    const opening = { name, process, engine }
    this.#openings = [...this.#openings, opening]
    process.onEnd(() => this.ended.push(name))
    return opening
  }

  /** All its processes are killed. */
  crash(): void {
    for (const { process } of this.#openings) process.end()
  }
}

function isClosed<M>(engine: SyncEngine<M>, collections: Readonly<Record<string, CollectionOptions>>): boolean {
  const [name] = Object.keys(collections)
  try {
    return name !== undefined && engine.collection(name as keyof M & string).size < 0
  } catch (error) {
    return isSyncError(error) && error.code === 'closed'
  }
}
