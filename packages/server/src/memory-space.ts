import {
  type DeviceId,
  type DocumentChange,
  type DocumentKey,
  EMPTY_DIGEST,
  type EpochId,
  type ReplicaChange,
  type ReplicaId,
  type ReplicaMark,
  type ReplicaRow,
  type Seq,
  type SpaceChanges,
  type SpaceReader,
  type SpaceRecord,
  type SpaceTransaction,
  type SyncRow,
  type TailEntry,
} from '@whisker/protocol'

interface StoredDocument {
  readonly row: SyncRow
  readonly state: string
  readonly tail: readonly TailEntry[]
}

type SpaceFigures = Omit<SpaceRecord, 'epochs'>

const EMPTY: SpaceFigures = {
  exists: false,
  head: 0,
  strategies: [],
  highestTime: 0,
  collected: 0,
  usage: { documents: 0, bytes: 0 },
  digest: EMPTY_DIGEST,
}

/** One space in memory. Whatever it gives away is never changed later. */
export class MemorySpace {
  #figures: SpaceFigures = EMPTY
  readonly #began = new Map<EpochId, Seq>()
  readonly #replicas = new Map<ReplicaId, ReplicaRow>()
  readonly #checks = new Map<ReplicaId, readonly ReplicaMark[]>()
  readonly #revoked = new Map<DeviceId, number>()
  readonly #documents = new Map<string, StoredDocument>()
  /** Rows by rising seq. Those that are not the document's any more are passed over, and swept out at times. */
  #scan: SyncRow[] = []
  /** What takes back the changes of the running write, the last one first. */
  #undo: (() => void)[] = []

  constructor(epochs: readonly EpochId[]) {
    for (const epoch of epochs) this.#began.set(epoch, 0)
  }

  /** Whether anything was ever put. */
  get exists(): boolean {
    return this.#figures.exists
  }

  begin(epoch: EpochId): void {
    this.#began.set(epoch, this.#figures.head)
  }

  keep(): void {
    this.#undo = []
    if (this.#scan.length > 2 * this.#documents.size + 16) this.#sweep()
  }

  takeBack(): void {
    for (const undo of this.#undo.toReversed()) undo()
    this.#undo = []
    this.#sweep()
  }

  readonly reader: SpaceReader = {
    space: async () => ({ ...this.#figures, epochs: [...this.#began].map(([id, began]) => ({ id, began })) }),
    replicas: async (ids) => ids.map((id) => this.#replicas.get(id)).filter(isThere),
    allReplicas: async () => [...this.#replicas.values()].toSorted((a, b) => (a.replica < b.replica ? -1 : 1)),
    revokedAt: async (device) => this.#revoked.get(device),
    checks: async (replica, from) => {
      const kept = this.#checks.get(replica) ?? []
      return kept.slice(firstAfter(kept, from - 1, ({ counter }) => counter))
    },
    documents: async (keys) => keys.map((key) => this.#documents.get(nameOf(key))?.row).filter(isThere),
    changedAfter: async (after, limit) => this.#rows(after, limit, () => true),
    tombstones: async (upTo, limit) =>
      this.#rows(0, limit, ({ seq, tombstoneMs }) => seq <= upTo && tombstoneMs !== undefined),
    lastTombstone: async (upTo, beforeMs) => {
      const isOld = ({ seq, tombstoneMs }: SyncRow): boolean =>
        seq <= upTo && tombstoneMs !== undefined && tombstoneMs < beforeMs
      return this.#scan.findLast((row) => isOld(row) && this.#isCurrent(row))?.seq ?? 0
    },
    states: async (rows) => rows.map((row) => this.#documents.get(nameOf(row))?.state ?? ''),
    tails: async (requests) =>
      requests.map(({ row, after }) => {
        const { tail = [] } = this.#documents.get(nameOf(row)) ?? {}
        return tail.slice(firstAfter(tail, after, ({ seq }) => seq))
      }),
  }

  readonly transaction: SpaceTransaction = { ...this.reader, put: async (changes) => this.#put(changes) }

  #put({ strategies, replicas, documents, removed, revoked, ...figures }: SpaceChanges): void {
    const before = this.#figures
    this.#undo.push(() => (this.#figures = before))
    this.#figures = { exists: true, ...figures, strategies: [...before.strategies, ...strategies] }
    for (const change of replicas) this.#putReplica(change)
    for (const key of removed) this.#set(this.#documents, nameOf(key), undefined)
    for (const change of documents) this.#putDocument(change)
    for (const { device, atMs } of revoked) this.#set(this.#revoked, device, atMs)
  }

  #putReplica({ row, checks, forgetUpTo }: ReplicaChange): void {
    const kept = this.#checks.get(row.replica) ?? []
    const from = firstAfter(kept, forgetUpTo, ({ counter }) => counter)
    this.#set(this.#replicas, row.replica, row)
    this.#set(this.#checks, row.replica, [...kept.slice(from), ...checks.filter(({ counter }) => counter > forgetUpTo)])
  }

  #putDocument({ row, state, appended }: DocumentChange): void {
    const name = nameOf(row)
    const before = this.#documents.get(name)
    const tail = [...(before?.tail ?? []), ...appended]
    this.#set(this.#documents, name, {
      row,
      state: state ?? before?.state ?? '',
      tail: tail.slice(firstAfter(tail, row.tailStart, ({ seq }) => seq)),
    })
    if (before?.row === row) return
    // Nearly always at the end.
    const at = firstAfter(this.#scan, row.seq, ({ seq }) => seq)
    this.#scan.splice(at, 0, row)
  }

  #rows(after: Seq, limit: number, isWanted: (row: SyncRow) => boolean): readonly SyncRow[] {
    const rows: SyncRow[] = []
    for (
      let at = firstAfter(this.#scan, after, ({ seq }) => seq);
      at < this.#scan.length && rows.length < limit;
      at++
    ) {
      const row = this.#scan[at] as SyncRow
      if (isWanted(row) && this.#isCurrent(row)) rows.push(row)
    }
    return rows
  }

  #isCurrent(row: SyncRow): boolean {
    return this.#documents.get(nameOf(row))?.row === row
  }

  #sweep(): void {
    this.#scan = this.#scan.filter((row) => this.#isCurrent(row))
  }

  #set<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
    const before = map.get(key)
    this.#undo.push(() => put(map, key, before))
    put(map, key, value)
  }
}

function put<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

const nameOf = ({ collection, document }: DocumentKey): string => JSON.stringify([collection, document])

const isThere = <T>(value: T | undefined): value is T => value !== undefined

/** The index of the first entry above a number, in a list that rises by it. */
function firstAfter<T>(list: readonly T[], bound: number, numberOf: (entry: T) => number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (numberOf(list[middle] as T) > bound) high = middle
    else low = middle + 1
  }
  return low
}
