import {
  EMPTY_VERSION,
  type EpochId,
  FIRST_CHECK,
  type FieldWrite,
  NO_NAMES,
  type Operation,
  type PushRequest,
  type ReplicaMark,
  type Timestamp,
  baseOf,
  checkAfter,
  mintReplicaId,
  nextTimestamp,
  receiveTimestamp,
  systemRandom,
} from '@whisker/protocol'
import { setTimeout as wait } from 'node:timers/promises'
import { COLLECTION, type Follower } from './follower.ts'

/** When an operation was written, by the clock of its process: what it is seen by. */
export const AT_FIELD = 'at'

/** A replica on a follower: one operation at a time, pushed until the server has taken it. */
export class Writer {
  readonly follower: Follower
  readonly #documents: number
  readonly #replica = mintReplicaId(systemRandom)
  /** In which the replica id was taken. */
  #epoch: EpochId | undefined
  #last: ReplicaMark = { counter: 0, check: FIRST_CHECK }
  #time: Timestamp = 0
  #isBusy = false

  /** `documents`: how many it makes, before it edits those that the space has. */
  constructor(follower: Follower, documents: number) {
    this.follower = follower
    this.#documents = documents
  }

  get isIdle(): boolean {
    return !this.#isBusy && this.follower.cursor.epoch !== undefined
  }

  sighted({ time }: Operation): void {
    this.#time = receiveTimestamp(this.#time, time)
  }

  /** Resolves when the server has the operation on its disk. Rejects with what no trying again would mend. */
  async write(): Promise<void> {
    this.#isBusy = true
    try {
      const operation = this.#next()
      await this.#push(operation)
      const { follower } = this
      this.#last = { counter: operation.dot.counter, check: checkAfter(this.#last.check, operation) }
      follower.integrate(operation.document, operation)
      follower.acknowledged = [operation.dot]
    } finally {
      this.#isBusy = false
    }
  }

  #next(): Operation {
    const counter = this.#last.counter + 1
    const { documents, device } = this.follower
    const isNew = counter <= this.#documents || documents.size === 0
    const ids = [...documents.keys()]
    const document = isNew ? `${device.name}-${counter}` : (ids[Math.floor(Math.random() * ids.length)] ?? '')
    const state = documents.get(document)
    const at = performance.now()
    const fields = { text: `${WORDS} ${counter}`, [AT_FIELD]: at }
    const delta: FieldWrite[] = isNew
      ? [{ root: 'content', path: [], value: { ...fields, title: document } }]
      : Object.entries(fields).map(([name, value]) => ({ root: 'content', path: [name], value }))
    this.#time = nextTimestamp(this.#time, Date.now())
    return {
      type: isNew ? 'create' : 'update',
      collection: COLLECTION,
      document,
      dot: { replica: this.#replica, counter },
      time: this.#time,
      base: state ? baseOf(state) : EMPTY_VERSION,
      delta: delta.toSorted(byName),
      keep: NO_NAMES,
      drop: NO_NAMES,
    }
  }

  async #push(operation: Operation): Promise<void> {
    const { follower } = this
    const { transport, space, device } = follower
    this.#epoch ??= follower.cursor.epoch
    for (;;) {
      const { cursor } = follower
      const request: PushRequest = {
        space,
        device,
        cursor,
        seen: cursor.since,
        offers: [],
        entries: [operation],
        strategies: {},
        replicas: [{ replica: this.#replica, epoch: this.#epoch, previous: this.#last }],
      }
      const receipt = await transport.push(request).catch(again)
      if (receipt?.problem) throw new Error(`A push was answered ${receipt.problem.code}.`)
      if (receipt) return
      await Promise.all([wait(50 + 500 * Math.random()), follower.connected()])
    }
  }
}

const PASSING = new Set(['network', 'timeout', 'unavailable', 'rate_limited'])

/** Whether it arrived is not known: the same operation is sent again. */
function again(error: unknown): undefined {
  if (!(error instanceof Error && 'code' in error && PASSING.has(String(error.code)))) throw error
}

/** The fields of an operation are in the order of their paths. */
const byName = (a: FieldWrite, b: FieldWrite): number => ((a.path[0] ?? '') < (b.path[0] ?? '') ? -1 : 1)

const WORDS = 'The lantern swung over the harbour while the ferry waited for the last passenger of the evening'
