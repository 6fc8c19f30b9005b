import type {
  DeviceId,
  DocumentChange,
  EpochId,
  ReplicaChange,
  ReplicaId,
  ReplicaMark,
  ReplicaRow,
  Seq,
  SpaceChanges,
  SpaceReader,
  SpaceRecord,
  SyncRow,
  SyncStore,
  TailEntry,
} from '@whisker/protocol'
import type { Behaviour, Disposable } from './behaviour.ts'

/** A new, empty place in which a server's store keeps its rows. */
export interface SyncStorePlace extends Disposable {
  /** Opens a store over this place. The one before is closed by then, for one server at a time holds a store. */
  open(): SyncStore | Promise<SyncStore>
  /** Whether what was written outlives the store that it was written through. */
  readonly isDurable: boolean
  /**
   * Opens a store over what is on disk at this moment, as after a power cut, while the place's own is still open.
   * Without it, a store that acknowledges before it keeps is found out only if it forgets on closing too.
   */
  openAfterPowerCut?(): SyncStore | Promise<SyncStore>
}

/** A promise that every `SyncStore` keeps. */
export type SyncStoreBehaviour = Behaviour<SyncStorePlace>

/** What a behaviour works at. */
export interface Bench {
  /** The store over what was kept: the place opened again, or where nothing is durable the same store. */
  reopen(): Promise<SyncStore>
  /** The store over what a power cut would leave now, as near to it as the place can come. */
  afterPowerCut(): Promise<SyncStore>
}

/** One behaviour, at a store on which `EPOCH` has begun. Every store is closed after it. */
export interface BenchBehaviour {
  readonly title: string
  check(store: SyncStore, bench: Bench): Promise<void>
}

export const storeBehaviours = (behaviours: readonly BenchBehaviour[]): readonly SyncStoreBehaviour[] =>
  behaviours.map((behaviour) => ({ title: behaviour.title, run: (place) => checkIn(place, behaviour) }))

async function checkIn(place: SyncStorePlace, behaviour: BenchBehaviour): Promise<void> {
  let current = await place.open()
  const others: SyncStore[] = []
  const reopen = async (): Promise<SyncStore> => {
    if (!place.isDurable) return current
    await current.close()
    current = await place.open()
    return current
  }
  const afterPowerCut = async (): Promise<SyncStore> => {
    if (!place.openAfterPowerCut) return reopen()
    const other = await place.openAfterPowerCut()
    others.push(other)
    return other
  }
  try {
    await current.begin(EPOCH)
    await behaviour.check(current, { reopen, afterPowerCut })
  } finally {
    for (const store of [current, ...others]) await store.close()
  }
}

export const EPOCH: EpochId = epochNamed('first')
export const DEVICE: DeviceId = deviceNamed('laptop')

export function epochNamed(name: string): EpochId {
  return name.padEnd(16, '-') as EpochId
}
export function replicaNamed(name: string): ReplicaId {
  return name.padEnd(16, '-') as ReplicaId
}
export function deviceNamed(name: string): DeviceId {
  return name.padEnd(22, '-') as DeviceId
}

export const changesOf = (changes: Partial<SpaceChanges>): SpaceChanges => ({
  head: 0,
  highestTime: 0,
  collected: 0,
  usage: { documents: 0, bytes: 0 },
  digest: { documents: 0, hash: 0 },
  strategies: [],
  replicas: [],
  documents: [],
  removed: [],
  revoked: [],
  ...changes,
})

export const put = (store: SyncStore, space: string, changes: Partial<SpaceChanges>): Promise<void> =>
  store.write(space, (transaction) => transaction.put(changesOf(changes)))

/** A row as of its first change, at `seq`. */
export const rowOf = (document: string, seq: Seq, more: Partial<SyncRow> = {}): SyncRow => ({
  collection: 'stories',
  document,
  seq,
  tailStart: seq,
  stateBytes: 0,
  tailBytes: 0,
  version: [],
  tombstoneMs: undefined,
  ...more,
})

/** A document that becomes a state as of its seq, with no tail. */
export const stateAt = (
  document: string,
  seq: Seq,
  state: string = `state at ${seq}`,
  more: Partial<SyncRow> = {},
): DocumentChange => ({ row: rowOf(document, seq, more), state, appended: [] })

/** A document of which the operations at `seqs` are appended to a state as of `tailStart`. */
export const tailAt = (document: string, tailStart: Seq, seqs: readonly Seq[]): DocumentChange => ({
  row: rowOf(document, seqs.at(-1) ?? tailStart, { tailStart }),
  state: undefined,
  appended: seqs.map((seq) => entryAt(seq)),
})

export const entryAt = (seq: Seq, text: string = `operation at ${seq}`): TailEntry => ({
  seq,
  replica: replicaNamed('ann'),
  counter: seq,
  text,
})

export const replicaRow = (name: string, more: Partial<ReplicaRow> = {}): ReplicaRow => ({
  replica: replicaNamed(name),
  principal: 'ann@example.org',
  device: { id: DEVICE, name: 'My laptop' },
  last: { counter: 1, check: 7 },
  seenMs: 1_764_000_000_000,
  since: 0,
  isRetired: false,
  ...more,
})

export const replicaChange = (
  name: string,
  counters: readonly number[] = [],
  more: Partial<ReplicaChange> = {},
): ReplicaChange => ({
  row: replicaRow(name),
  checks: counters.map((counter) => ({ counter, check: counter * 1001 })),
  forgetUpTo: 0,
  ...more,
})

/** All that can be read of a space, in one order: what two stores are compared by. */
export interface SpaceContents {
  readonly record: SpaceRecord
  readonly replicas: readonly ReplicaRow[]
  readonly checks: readonly (readonly ReplicaMark[])[]
  readonly documents: readonly DocumentContents[]
}
export interface DocumentContents {
  readonly row: SyncRow
  readonly state: string | undefined
  readonly tail: readonly TailEntry[] | undefined
}

const ALL = 1_000_000

export async function contentsOf(reader: SpaceReader): Promise<SpaceContents> {
  const record = await reader.space()
  const replicas = await reader.allReplicas()
  const checks: (readonly ReplicaMark[])[] = []
  for (const { replica } of replicas) checks.push(await reader.checks(replica, 0))
  const rows = await reader.changedAfter(0, ALL)
  const states = await reader.states(rows)
  const tails = await reader.tails(rows.map((row) => ({ row, after: 0 })))
  return {
    record: { ...record, strategies: record.strategies.toSorted((a, b) => a.seq - b.seq) },
    replicas,
    checks,
    documents: rows.map((row, index) => ({ row: plainRow(row), state: states[index], tail: tails[index] })),
  }
}

export const readContents = (store: SyncStore, space: string): Promise<SpaceContents> => store.read(space, contentsOf)

/** A row without what a store noted on it for itself. */
export const plainRow = ({
  collection,
  document,
  seq,
  tailStart,
  stateBytes,
  tailBytes,
  version,
  tombstoneMs,
}: SyncRow): SyncRow => ({ collection, document, seq, tailStart, stateBytes, tailBytes, version, tombstoneMs })
