import {
  type Limits,
  type Random,
  type StateStore,
  type SyncStore,
  type Transport,
  systemRandom,
} from '@whisker/protocol'
import { type ServerOptions, type SyncServer, createServer, sqliteStore } from '@whisker/server'
import { httpTransport } from '@whisker/transport-http'
import {
  type Collection,
  type CollectionOptions,
  SyncEngine,
  type WakeSource,
  memoryState,
  withFallback,
} from '../index.ts'
import { FakeClock } from './fake-clock.ts'
import { FaultyLink } from './faulty-link.ts'
import { LiveLink } from './live-link.ts'
import { Rooms } from './rooms.ts'

/** The documents of these tests. */
export interface Note {
  readonly title?: string
  readonly body?: string
  readonly count?: number
  readonly tags?: readonly string[]
  readonly place?: { readonly city?: string; readonly street?: string }
}
export interface Notes {
  readonly notes: Note
  readonly drafts: Note
}

export interface DeviceOptions {
  readonly notes?: CollectionOptions
  readonly drafts?: CollectionOptions
  readonly state?: StateStore
  readonly space?: string
  readonly token?: () => string | undefined
  readonly name?: string
  readonly limits?: Partial<Limits>
  readonly random?: Random
  readonly pollMs?: number
}

export interface Device {
  readonly engine: SyncEngine<Notes>
  readonly notes: Collection<Note>
  readonly drafts: Collection<Note>
  readonly link: FaultyLink
  readonly state: StateStore
  /** One round that must go well. */
  sync(): Promise<{ readonly pushed: number; readonly pulled: number }>
  /** Closes the engine and opens another on the same store. */
  reopen(options?: DeviceOptions): Promise<Device>
}

/** A device that is told of changes. */
export interface LiveDevice extends Device {
  readonly link: LiveLink
  reopen(options?: DeviceOptions): Promise<LiveDevice>
}

/** A device that is told of changes over one connection, and polls over another while the first cannot be had. */
export interface FallbackDevice extends LiveDevice {
  readonly second: FaultyLink
  /** What the platform tells both the engine and the transport. */
  wake(): void
  reopen(options?: DeviceOptions): Promise<FallbackDevice>
}

/** A real server in this process, and devices that reach it over the real HTTP transport. */
export class World {
  readonly clock: FakeClock = new FakeClock()
  readonly rooms: Rooms = new Rooms()
  store: SyncStore
  server: SyncServer
  readonly #options: Partial<ServerOptions>
  readonly #random: Random

  constructor(options: Partial<ServerOptions> & { readonly store?: SyncStore } = {}) {
    this.#options = options
    this.#random = options.random ?? systemRandom
    this.store = options.store ?? sqliteStore(':memory:')
    this.server = this.#start()
  }

  #start(): SyncServer {
    return createServer({ clock: this.clock, random: this.#random, ...this.#options, store: this.store })
  }

  /** Another start of the server, on the same data or on other: a new epoch. */
  restart(store: SyncStore = this.store): void {
    this.store = store
    this.server = this.#start()
  }

  async device(options: DeviceOptions = {}): Promise<Device> {
    const link = this.#requests(options)
    const state = options.state ?? memoryState()
    const engine = await this.#open(link, state, options)
    return {
      ...partsOf(engine),
      link,
      state,
      reopen: async (changed = {}) => {
        await engine.close()
        return this.device({ ...options, ...changed, state })
      },
    }
  }

  /** A device on a connection that stays. */
  async liveDevice(options: DeviceOptions = {}): Promise<LiveDevice> {
    const link = new LiveLink(() => this.server, this.rooms)
    const state = options.state ?? memoryState()
    const engine = await this.#open(link, state, options)
    return {
      ...partsOf(engine),
      link,
      state,
      reopen: async (changed = {}) => {
        await engine.close()
        return this.liveDevice({ ...options, ...changed, state })
      },
    }
  }

  async fallbackDevice(options: DeviceOptions = {}): Promise<FallbackDevice> {
    const link = new LiveLink(() => this.server, this.rooms)
    const second = this.#requests(options)
    const state = options.state ?? memoryState()
    const random = options.random ?? this.#random
    const wakers = new Set<() => void>()
    const wakes: WakeSource = (wake) => {
      wakers.add(wake)
      return () => void wakers.delete(wake)
    }
    const transport = withFallback(link, second, { clock: this.clock, random, wakes })
    const engine = await this.#open(transport, state, options, wakes)
    return {
      ...partsOf(engine),
      link,
      second,
      state,
      wake: () => {
        for (const wake of Array.from(wakers)) wake()
      },
      reopen: async (changed = {}) => {
        await engine.close()
        return this.fallbackDevice({ ...options, ...changed, state })
      },
    }
  }

  #requests({ token }: DeviceOptions): FaultyLink {
    return new FaultyLink(
      httpTransport({
        url: 'http://localhost',
        token,
        fetch: async (input, init) => this.server.fetch(new Request(input, init)),
      }),
    )
  }

  async #open(
    transport: Transport,
    state: StateStore,
    options: DeviceOptions,
    wakes: WakeSource = () => () => {},
  ): Promise<SyncEngine<Notes>> {
    return SyncEngine.open<Notes>({
      space: options.space ?? 'shared',
      device: { name: options.name },
      collections: { notes: options.notes ?? {}, drafts: options.drafts ?? {} },
      state,
      transport,
      clock: this.clock,
      random: options.random ?? this.#random,
      limits: options.limits,
      pollMs: options.pollMs,
      wakes,
    })
  }

  async pair(options: DeviceOptions = {}): Promise<[Device, Device]> {
    return [await this.device(options), await this.device(options)]
  }

  async trio(options: DeviceOptions = {}): Promise<[Device, Device, Device]> {
    return [await this.device(options), await this.device(options), await this.device(options)]
  }
}

const partsOf = (engine: SyncEngine<Notes>): Pick<Device, 'engine' | 'notes' | 'drafts' | 'sync'> => ({
  engine,
  notes: engine.collection('notes'),
  drafts: engine.collection('drafts'),
  sync: async () => {
    const result = await engine.syncNow()
    if (!result.ok) throw result.error
    return result
  },
})

/** Syncs each device in turn, twice, so that everything that anyone wrote has reached everyone. */
export async function meet(...devices: readonly Device[]): Promise<void> {
  for (const device of [...devices, ...devices]) await device.sync()
}

/** Waits until `isTrue`, letting everything else go on. */
export async function until(isTrue: () => boolean, withinMs = 5000): Promise<void> {
  const end = performance.now() + withinMs
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`Waited ${withinMs} ms in vain for: ${isTrue.toString()}`)
    await pause()
  }
}

/** Lets time pass until something is done: an opening that does not lead looks now and then whether it may. */
export async function passing<T>(world: World, work: Promise<T>): Promise<T> {
  const progress = { isDone: false }
  const end = (): void => {
    progress.isDone = true
  }
  work.then(end, end)
  while (!progress.isDone) {
    await pause()
    world.clock.advance(250)
  }
  return work
}

/** Lets everything that is under way come to rest. */
export async function pause(ms = 1): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
