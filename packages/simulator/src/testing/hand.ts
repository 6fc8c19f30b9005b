import {
  type CheckValue,
  type Device,
  type DeviceId,
  type EpochId,
  FIRST_CHECK,
  type JsonObject,
  type Operation,
  type Page,
  type PullRequest,
  type PushRequest,
  type Receipt,
  type ReplicaId,
  type SubscribeRequest,
  checkAfter,
  timestampAt,
} from '@whisker/protocol'
import type { RequestKind } from '../world/host.ts'
import { Link, type LinkOptions, type Way } from '../world/link.ts'
import { LiveLink } from '../world/live-link.ts'
import { Process, WallClock } from '../world/process.ts'
import { SPACE, type World } from '../world/world.ts'
import { creation, replicaNamed } from './operations.ts'

/** One replica that talks to the server of a world by hand: it keeps no documents, and decides nothing. */
export class Hand {
  readonly way: Way = { isCut: false, losesUp: false, losesDown: false }
  readonly process: Process
  readonly link: Link
  /** The same way, over a connection that stays. */
  readonly live: LiveLink
  readonly told: RequestKind[] = []
  readonly refusals: string[] = []
  readonly #world: World
  readonly #replica: ReplicaId
  readonly #device: Device
  #epoch: EpochId | undefined
  #counter = 0
  /** The last operation that the server is known to have, and its check value. */
  #acknowledged: { readonly counter: number; readonly check: CheckValue } = { counter: 0, check: FIRST_CHECK }
  #outbox: readonly Operation[] = []

  constructor(world: World, name: string) {
    this.#world = world
    this.#replica = replicaNamed(name)
    this.#device = { id: name.padEnd(22, '-') as DeviceId, name }
    this.process = new Process(world.scheduler, new WallClock(world.scheduler))
    const options: LinkOptions = {
      process: this.process,
      principal: name,
      way: this.way,
      host: world.host,
      faults: world.faults,
      random: world.random.fork(name),
      onRequest: (kind) => this.told.push(kind),
      onReceipt: () => {},
      onRefusal: (code) => this.refusals.push(code),
    }
    this.link = new Link(options)
    this.live = new LiveLink(options)
  }

  /** Learns the epoch, without which nothing is taken. */
  async meet(): Promise<this> {
    const { epoch } = await this.#world.run(async () => this.link.version(SPACE))
    this.#epoch = epoch
    return this
  }

  create(document: string, value?: JsonObject): void {
    const counter = ++this.#counter
    const time = timestampAt(this.#world.scheduler.nowMs) + counter
    this.#outbox = [...this.#outbox, creation(this.#replica, counter, { document, value, time })]
  }

  /** All that is in the outbox, which a receipt empties. */
  async push(link: Link = this.link): Promise<Receipt> {
    const { counter, check } = this.#acknowledged
    const request: PushRequest = {
      ...this.#position(),
      replicas: [{ replica: this.#replica, epoch: this.#epoch, previous: { counter, check } }],
      offers: [],
      entries: this.#outbox,
      strategies: {},
    }
    const receipt = await link.push(request)
    const last = this.#outbox.reduce((before, operation) => checkAfter(before, operation), check)
    this.#acknowledged = { counter: this.#counter, check: last }
    this.#outbox = []
    return receipt
  }

  /** All from the start. */
  async pull(): Promise<Page> {
    const request: PullRequest = { ...this.#position(), acknowledged: [], limit: 100, waitMs: 0 }
    return this.link.pull(request)
  }

  subscribeRequest(): SubscribeRequest {
    return { ...this.#position(), acknowledged: [] }
  }

  #position(): Pick<SubscribeRequest, 'space' | 'device' | 'cursor' | 'seen'> {
    return { space: SPACE, device: this.#device, cursor: { epoch: this.#epoch, since: 0, after: 0 }, seen: 0 }
  }
}

/** The server's head. */
export const headOf = async (world: World): Promise<number> =>
  world.run(async () => world.host.store.read(SPACE, async (reader) => (await reader.space()).head))
