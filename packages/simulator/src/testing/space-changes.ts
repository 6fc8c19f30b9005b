import {
  type CheckValue,
  type DeviceId,
  type DocumentChange,
  type DocumentKey,
  EMPTY_DIGEST,
  type Epoch,
  type EpochId,
  type ReplicaChange,
  type ReplicaId,
  type SpaceChanges,
  type SpaceTransaction,
  type SyncStore,
  type TailEntry,
  type VersionVector,
} from '@whisker/protocol'
import { memoryStore } from '@whisker/server'
import { ServerChecks } from '../checks/server-checks.ts'
import { Violation } from '../checks/violation.ts'
import { NOON_MS, replicaNamed } from './operations.ts'

export const A: ReplicaId = replicaNamed('A')
export const B: ReplicaId = replicaNamed('B')
export const CLOCK_AHEAD_MS: number = 5 * 60_000
export const SPACE = 'shared'

/** A document's new row, with what is appended to it; at the last of these unless said otherwise. */
export function documentChange(
  document: string,
  appended: readonly (readonly [seq: number, replica: ReplicaId, counter: number])[],
  { seq = appended.at(-1)?.[0] ?? 1, version }: { readonly seq?: number; readonly version?: VersionVector } = {},
): DocumentChange {
  const entries = appended.map(([at, replica, counter]): TailEntry => ({ seq: at, replica, counter, text: '[]' }))
  const dots = new Map(entries.map(({ replica, counter }) => [replica, { replica, counter }]))
  return {
    row: {
      collection: 'stories',
      document,
      seq,
      tailStart: 0,
      stateBytes: 0,
      tailBytes: 0,
      version: version ?? [...dots.values()],
      tombstoneMs: undefined,
    },
    state: undefined,
    appended: entries,
  }
}

/** What a replica has had taken: its new counters, each with a check value. */
export function replicaChange(
  replica: ReplicaId,
  counters: readonly number[],
  checkOf: (counter: number) => CheckValue = (counter) => 1000 + counter,
  last: number = counters.at(-1) ?? 0,
): ReplicaChange {
  return {
    row: {
      replica,
      principal: 'ann',
      device: { id: 'D'.repeat(22) as DeviceId, name: 'laptop' },
      last: { counter: last, check: checkOf(last) },
      seenMs: NOON_MS,
      since: 0,
      isRetired: false,
    },
    checks: counters.map((counter) => ({ counter, check: checkOf(counter) })),
    forgetUpTo: 0,
  }
}

export interface ChangeParts {
  readonly head?: number
  readonly highestTime?: number
  readonly collected?: number
  readonly replicas?: readonly ReplicaChange[]
  readonly documents?: readonly DocumentChange[]
  readonly removed?: readonly DocumentKey[]
}

/** A server's store that is watched, and what was found in it. */
export class WatchedStore {
  readonly violations: string[] = []
  readonly checks: ServerChecks
  store: SyncStore
  readonly #inner: SyncStore = memoryStore()
  #epochs = 0

  constructor() {
    this.checks = new ServerChecks({
      nowMs: () => NOON_MS,
      clockAheadMs: CLOCK_AHEAD_MS,
      report: (error) => this.violations.push(error instanceof Violation ? error.rule : String(error)),
    })
    this.store = this.checks.observe(this.#inner)
  }

  /** A server starts on it, and is watched from now on. */
  async begin(): Promise<Epoch['id']> {
    this.store = this.checks.observe(this.#inner)
    const epoch = `epoch-${++this.#epochs}`.padEnd(16, '_') as EpochId
    await this.store.begin(epoch)
    return epoch
  }

  /** Puts something; what is left out stays as it is. Resolves to the rules that it broke. */
  async put(parts: ChangeParts, after: (transaction: SpaceTransaction) => void = () => {}): Promise<readonly string[]> {
    const { length } = this.violations
    await this.store.write(SPACE, async (transaction) => {
      const { head, highestTime, collected } = await transaction.space()
      const changes: SpaceChanges = {
        head,
        highestTime,
        collected,
        usage: { documents: 0, bytes: 0 },
        digest: EMPTY_DIGEST,
        strategies: [],
        replicas: [],
        documents: [],
        removed: [],
        revoked: [],
        ...parts,
      }
      await transaction.put(changes)
      after(transaction)
    })
    return this.violations.slice(length)
  }

  /** One operation of a replica, taken in order. */
  async take(
    replica: ReplicaId,
    counter: number,
    seq: number,
    document: string = `${replica}-${counter}`,
  ): Promise<readonly string[]> {
    return this.put({
      head: seq,
      replicas: [replicaChange(replica, [counter])],
      documents: [documentChange(document, [[seq, replica, counter]])],
    })
  }
}
