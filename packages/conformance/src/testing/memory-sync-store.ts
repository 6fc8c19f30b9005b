import {
  type EpochId,
  type SpaceChanges,
  type SpaceReader,
  type SpaceTransaction,
  SyncError,
  type SyncRow,
  type SyncStore,
} from '@whisker/protocol'
import type { SyncStorePlace } from '../sync-store-contract-bench.ts'
import {
  EMPTY_STORE,
  type SpaceData,
  type StoreData,
  readerOf,
  spaceOf,
  withChanges,
  withEpoch,
  withSpace,
} from '../sync-store-model.ts'

/** Ways in which a store could go wrong; each is one that somebody could write. */
export const SYNC_STORE_FAULTS = [
  'keeps what a failed write put',
  'takes back the write before a failed one',
  'lets writes interleave',
  'forgets everything on reopening',
  'acknowledges a write before it is kept',
  'acknowledges an epoch before it is kept',
  'moves the snapshot under a reader',
  'answers after closing',
  'records no epoch',
  'records each epoch at 0',
  'forgets the strategies',
  'keeps the first usage',
  'keeps the first digest',
  'drops the newest check value',
  'never forgets a check value',
  'tells replicas in the order of their coming',
  'forgets that a replica is retired',
  'revokes a device in every space',
  'shares rows between spaces',
  'takes names that differ in case for one',
  'keeps the first state of a document',
  'tells tails backwards',
  'keeps a tail that was folded',
  'keeps the texts of removed rows',
  'misses the last row of what changed',
  'tells what changed by name',
  'begins a scan with the row at its start',
  'tells states in the order of the table',
  'leaves out the tombstone at the bound',
  'tells any row as a tombstone',
  'takes the last tombstone of any age',
  'cuts texts at NUL',
  'keeps numbers in 32 bits',
] as const
export type SyncStoreFault = (typeof SYNC_STORE_FAULTS)[number]

/** A disk, as far as a store in memory has one: what is kept, and what would be left by a power cut. */
interface Disk {
  kept: StoreData
  safe: StoreData
}

/** A place for the reference store: everything as the port says, but for one fault. */
export function memoryPlace(fault?: SyncStoreFault): SyncStorePlace {
  const disk: Disk = { kept: EMPTY_STORE, safe: EMPTY_STORE }
  return {
    isDurable: true,
    open: () => {
      if (fault === 'forgets everything on reopening') disk.kept = EMPTY_STORE
      return new MemorySyncStore(disk, fault)
    },
    openAfterPowerCut: () => new MemorySyncStore({ kept: disk.safe, safe: disk.safe }, fault),
  }
}

class MemorySyncStore implements SyncStore {
  readonly #disk: Disk
  readonly #fault: SyncStoreFault | undefined
  #last: Promise<unknown> = Promise.resolve()
  #beforeLast: StoreData = EMPTY_STORE
  #isClosed = false

  constructor(disk: Disk, fault: SyncStoreFault | undefined) {
    this.#disk = disk
    this.#fault = fault
  }

  async begin(epoch: EpochId): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#fault === 'records no epoch') return
      const began = withEpoch(this.#disk.kept, epoch)
      this.#keep(
        this.#fault === 'records each epoch at 0' ? { ...this.#disk.kept, epochs: began.epochs } : began,
        this.#fault !== 'acknowledges an epoch before it is kept',
      )
    })
  }

  async write<T>(space: string, work: (transaction: SpaceTransaction) => Promise<T>): Promise<T> {
    const isSafe = this.#fault !== 'acknowledges a write before it is kept'
    if (this.#fault === 'lets writes interleave') {
      const draft = { data: this.#disk.kept }
      const result = await work(this.#transaction(draft, space))
      this.#keep(draft.data, isSafe)
      return result
    }
    return this.#inTurn(async () => {
      const draft = { data: this.#disk.kept }
      try {
        const result = await work(this.#transaction(draft, space))
        this.#beforeLast = this.#disk.kept
        this.#keep(draft.data, isSafe)
        return result
      } catch (thrown) {
        if (this.#fault === 'keeps what a failed write put') this.#keep(draft.data, isSafe)
        if (this.#fault === 'takes back the write before a failed one') this.#keep(this.#beforeLast, isSafe)
        throw thrown
      }
    })
  }

  async read<T>(space: string, work: (reader: SpaceReader) => Promise<T>): Promise<T> {
    this.#checkOpen()
    const snapshot = this.#disk.kept
    const isMoving = this.#fault === 'moves the snapshot under a reader'
    return work(this.#reader(() => (isMoving ? this.#disk.kept : snapshot), space))
  }

  async close(): Promise<void> {
    if (this.#fault !== 'answers after closing') this.#isClosed = true
    await this.#last
  }

  #keep(data: StoreData, isSafe: boolean): void {
    this.#disk.kept = data
    if (isSafe) this.#disk.safe = data
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#checkOpen()
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    return mine
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new SyncError('closed', 'The store is closed.', { fix: 'Open another.' })
  }

  #transaction(draft: { data: StoreData }, name: string): SpaceTransaction {
    const stored = this.#nameOf(name)
    return {
      ...this.#reader(() => draft.data, name),
      put: async (changes) => {
        const before = spaceOf(draft.data, stored)
        const after = withChanges(before, faultyChanges(changes, this.#fault))
        draft.data = withSpace(draft.data, stored, faultySpace(before, after, changes, this.#fault))
        if (this.#fault !== 'revokes a device in every space') return
        for (const [other, space] of draft.data.spaces) {
          draft.data = withSpace(draft.data, other, { ...space, revoked: after.revoked })
        }
      },
    }
  }

  #reader(dataNow: () => StoreData, name: string): SpaceReader {
    return faultyReader(readerOf(dataNow, this.#nameOf(name)), this.#fault)
  }

  #nameOf(space: string): string {
    if (this.#fault === 'shares rows between spaces') return 'everything'
    return this.#fault === 'takes names that differ in case for one' ? space.toLowerCase() : space
  }
}

/** What a faulty store makes of what it is given. */
function faultyChanges(changes: SpaceChanges, fault: SyncStoreFault | undefined): SpaceChanges {
  switch (fault) {
    case 'forgets the strategies':
      return { ...changes, strategies: [] }
    case 'drops the newest check value':
      return { ...changes, replicas: changes.replicas.map((one) => ({ ...one, checks: one.checks.slice(0, -1) })) }
    case 'never forgets a check value':
      return { ...changes, replicas: changes.replicas.map((one) => ({ ...one, forgetUpTo: 0 })) }
    case 'forgets that a replica is retired':
      return {
        ...changes,
        replicas: changes.replicas.map((one) => ({ ...one, row: { ...one.row, isRetired: false } })),
      }
    case 'cuts texts at NUL':
      return {
        ...changes,
        documents: changes.documents.map((one) => ({ ...one, state: one.state?.split('\0')[0] })),
      }
    case 'keeps numbers in 32 bits':
      return { ...changes, highestTime: changes.highestTime | 0 }
    default:
      return changes
  }
}

function faultySpace(
  before: SpaceData,
  after: SpaceData,
  changes: SpaceChanges,
  fault: SyncStoreFault | undefined,
): SpaceData {
  const documents = new Map(after.documents)
  switch (fault) {
    case 'keeps the first usage':
      return before.record.exists ? { ...after, record: { ...after.record, usage: before.record.usage } } : after
    case 'keeps the first digest':
      return before.record.exists ? { ...after, record: { ...after.record, digest: before.record.digest } } : after
    case 'keeps the first state of a document':
      for (const [name, { state }] of before.documents) {
        const now = documents.get(name)
        if (now) documents.set(name, { ...now, state })
      }
      return { ...after, documents }
    case 'keeps a tail that was folded':
      for (const [name, { tail }] of before.documents) {
        const now = documents.get(name)
        if (now) documents.set(name, { ...now, tail: [...new Set([...tail, ...now.tail])] })
      }
      return { ...after, documents }
    case 'keeps the texts of removed rows':
      return changes.removed.length > 0 ? { ...after, documents: before.documents } : after
    default:
      return after
  }
}

/** What a faulty store tells of what it keeps. */
function faultyReader(reader: SpaceReader, fault: SyncStoreFault | undefined): SpaceReader {
  switch (fault) {
    case 'tells replicas in the order of their coming':
      return { ...reader, allReplicas: async () => (await reader.allReplicas()).toReversed() }
    case 'tells tails backwards':
      return {
        ...reader,
        tails: async (requests) => (await reader.tails(requests)).map((tail) => tail.toReversed()),
      }
    case 'misses the last row of what changed':
      return { ...reader, changedAfter: async (after, limit) => (await reader.changedAfter(after, limit)).slice(0, -1) }
    case 'tells what changed by name':
      return {
        ...reader,
        changedAfter: async (after, limit) =>
          (await reader.changedAfter(after, limit)).toSorted((a, b) => (a.document < b.document ? -1 : 1)),
      }
    case 'begins a scan with the row at its start':
      return { ...reader, changedAfter: (after, limit) => reader.changedAfter(after - 1, limit) }
    case 'tells states in the order of the table':
      return { ...reader, states: (rows) => reader.states(rows.toSorted(bySeq)) }
    case 'leaves out the tombstone at the bound':
      return { ...reader, tombstones: (upTo, limit) => reader.tombstones(upTo - 1, limit) }
    case 'takes the last tombstone of any age':
      return { ...reader, lastTombstone: (upTo) => reader.lastTombstone(upTo, Number.MAX_SAFE_INTEGER) }
    case 'tells any row as a tombstone':
      return {
        ...reader,
        tombstones: async (upTo, limit) => (await reader.changedAfter(0, limit)).filter(({ seq }) => seq <= upTo),
      }
    default:
      return reader
  }
}

const bySeq = (a: SyncRow, b: SyncRow): number => a.seq - b.seq
