import type {
  DeviceId,
  DocumentChange,
  DocumentKey,
  EpochId,
  ReplicaId,
  ReplicaMark,
  ReplicaRow,
  Seq,
  SpaceChanges,
  SpaceReader,
  SpaceRecord,
  SyncRow,
  TailEntry,
} from '@whisker/protocol'

/** What a store holds, as plain data that nothing changes: each change makes another. */
export interface StoreData {
  /** Oldest first. */
  readonly epochs: readonly EpochId[]
  readonly spaces: ReadonlyMap<string, SpaceData>
}

export interface SpaceData {
  readonly record: Omit<SpaceRecord, 'epochs'>
  readonly began: ReadonlyMap<EpochId, Seq>
  readonly replicas: ReadonlyMap<ReplicaId, ReplicaRow>
  readonly checks: ReadonlyMap<ReplicaId, readonly ReplicaMark[]>
  readonly documents: ReadonlyMap<string, DocumentData>
  readonly revoked: ReadonlyMap<DeviceId, number>
}

export interface DocumentData {
  readonly row: SyncRow
  readonly state: string
  readonly tail: readonly TailEntry[]
}

export const EMPTY_STORE: StoreData = { epochs: [], spaces: new Map() }

const EMPTY_SPACE: SpaceData = {
  record: {
    exists: false,
    head: 0,
    strategies: [],
    highestTime: 0,
    collected: 0,
    usage: { documents: 0, bytes: 0 },
    digest: { documents: 0, hash: 0 },
  },
  began: new Map(),
  replicas: new Map(),
  checks: new Map(),
  documents: new Map(),
  revoked: new Map(),
}

export const nameOfDocument = ({ collection, document }: DocumentKey): string => JSON.stringify([collection, document])

export const withEpoch = ({ epochs, spaces }: StoreData, epoch: EpochId): StoreData => ({
  epochs: [...epochs, epoch],
  spaces: new Map(
    [...spaces].map(([name, space]) => [name, { ...space, began: new Map(space.began).set(epoch, space.record.head) }]),
  ),
})

export const spaceOf = ({ spaces }: StoreData, name: string): SpaceData => spaces.get(name) ?? EMPTY_SPACE

export const withSpace = ({ epochs, spaces }: StoreData, name: string, space: SpaceData): StoreData => ({
  epochs,
  spaces: new Map(spaces).set(name, space),
})

export function withChanges(space: SpaceData, changes: SpaceChanges): SpaceData {
  const { head, highestTime, collected, usage, digest } = changes
  const replicas = new Map(space.replicas)
  const checks = new Map(space.checks)
  for (const { row, checks: added, forgetUpTo } of changes.replicas) {
    const kept = [...(checks.get(row.replica) ?? []), ...added]
    replicas.set(row.replica, row)
    checks.set(
      row.replica,
      kept.filter(({ counter }) => counter > forgetUpTo),
    )
  }
  const documents = new Map(space.documents)
  for (const key of changes.removed) documents.delete(nameOfDocument(key))
  for (const change of changes.documents) {
    const name = nameOfDocument(change.row)
    documents.set(name, withChange(documents.get(name), change))
  }
  const revoked = new Map(space.revoked)
  for (const { device, atMs } of changes.revoked) revoked.set(device, atMs)
  const strategies = [...space.record.strategies, ...changes.strategies]
  const record = { exists: true, head, highestTime, collected, usage, digest, strategies }
  return { ...space, record, replicas, checks, documents, revoked }
}

function withChange(before: DocumentData | undefined, { row, state, appended }: DocumentChange): DocumentData {
  const tail = [...(before?.tail ?? []), ...appended].filter(({ seq }) => seq > row.tailStart)
  return { row, state: state ?? before?.state ?? '', tail }
}

/** Reads whatever `dataNow` gives at each call. */
export function readerOf(dataNow: () => StoreData, name: string): SpaceReader {
  const space = (): SpaceData => spaceOf(dataNow(), name)
  const rows = (): readonly SyncRow[] =>
    [...space().documents.values()].map(({ row }) => row).toSorted((a, b) => a.seq - b.seq)
  const contentsOf = (row: SyncRow): DocumentData | undefined => space().documents.get(nameOfDocument(row))
  return {
    async space() {
      const { record, began } = space()
      return { ...record, epochs: dataNow().epochs.map((id) => ({ id, began: began.get(id) ?? 0 })) }
    },
    replicas: async (ids) => ids.map((id) => space().replicas.get(id)).filter((row) => row !== undefined),
    allReplicas: async () => [...space().replicas.values()].toSorted((a, b) => (a.replica < b.replica ? -1 : 1)),
    revokedAt: async (device) => space().revoked.get(device),
    checks: async (replica, from) => (space().checks.get(replica) ?? []).filter(({ counter }) => counter >= from),
    documents: async (keys) => keys.map((key) => space().documents.get(nameOfDocument(key))?.row).filter(isThere),
    changedAfter: async (after, limit) =>
      rows()
        .filter(({ seq }) => seq > after)
        .slice(0, limit),
    tombstones: async (upTo, limit) =>
      rows()
        .filter(({ seq, tombstoneMs }) => tombstoneMs !== undefined && seq <= upTo)
        .slice(0, limit),
    lastTombstone: async (upTo, beforeMs) =>
      rows().findLast(({ seq, tombstoneMs }) => seq <= upTo && tombstoneMs !== undefined && tombstoneMs < beforeMs)
        ?.seq ?? 0,
    states: async (asked) => asked.map((row) => contentsOf(row)?.state ?? ''),
    tails: async (requests) =>
      requests.map(({ row, after }) => (contentsOf(row)?.tail ?? []).filter(({ seq }) => seq > after)),
  }
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined
