import {
  type DeviceId,
  type DocumentRow,
  type NamedRow,
  type OutboxRow,
  type SpaceStore,
  type StateStore,
  type StoreChanges,
  type StoreCommit,
  type StoredSpace,
  SyncError,
  toSyncError,
} from '@whisker/protocol'

const MOST_SLOTS = 64
/** How many commits `changes` reaches back. */
const COMMITS_KEPT = 256

interface Tables {
  revision: number
  readonly records: Map<string, string>
  readonly documents: Map<string, DocumentRow>
  readonly outbox: Map<number, string>
  readonly rejected: Map<string, string>
  /** What each of the latest commits touched; the last one led to `revision`. */
  readonly log: TouchedKeys[]
  /** Slot → who holds it. */
  readonly openings: Map<number, Opening>
  leader: Opening | undefined
}
interface TouchedKeys {
  readonly records: readonly string[]
  readonly documents: readonly (readonly [collection: string, document: string])[]
  readonly outbox: readonly number[]
  readonly rejected: readonly string[]
}
interface Opening {
  readonly watches: Set<Watch>
}
interface Watch {
  readonly listener: () => void
  /** It will be called, so that further commits need not call it again. */
  isDue: boolean
}

/** A state store that lives as long as this object: for tests, first tries and data that may be lost. */
export function memoryState(): StateStore {
  let device: DeviceId | undefined
  const spaces = new Map<string, Tables>()
  return {
    async open(space, mintDevice) {
      device ??= minted(mintDevice)
      const tables = spaces.get(space) ?? newTables()
      const opened = openSpace(device, space, tables, () => spaces.delete(space))
      spaces.set(space, tables)
      return opened
    },
  }
}

function minted(mint: () => DeviceId): DeviceId {
  try {
    return mint()
  } catch (thrown) {
    throw toSyncError(thrown, 'store_failed')
  }
}

const newTables = (): Tables => ({
  revision: 0,
  records: new Map(),
  documents: new Map(),
  outbox: new Map(),
  rejected: new Map(),
  log: [],
  openings: new Map(),
  leader: undefined,
})

function openSpace(device: DeviceId, name: string, tables: Tables, remove: () => void): SpaceStore {
  const opening: Opening = { watches: new Set() }
  const slot = lowestFreeSlot(name, tables.openings)
  tables.openings.set(slot, opening)
  const check = (): void => {
    if (tables.openings.get(slot) === opening) return
    throw new SyncError('closed', `The space "${name}" of this store was closed.`, { fix: 'Open it again.' })
  }
  const resign = (): void => {
    if (tables.leader === opening) tables.leader = undefined
  }
  const end = (): void => {
    resign()
    opening.watches.clear()
    if (tables.openings.get(slot) === opening) tables.openings.delete(slot)
  }
  return {
    device,
    slot,
    async load() {
      check()
      return rowsOf(tables)
    },
    async changes(since) {
      check()
      return changesIn(tables, since)
    },
    async commit(commit) {
      check()
      if (commit.revision !== tables.revision) throw movedOn(name, commit.revision, tables.revision)
      apply(tables, commit)
      for (const other of tables.openings.values()) if (other !== opening) notify(other)
    },
    watch(listener) {
      const watch: Watch = { listener, isDue: false }
      if (tables.openings.get(slot) === opening) opening.watches.add(watch)
      return () => opening.watches.delete(watch)
    },
    async lead() {
      check()
      tables.leader ??= opening
      return tables.leader === opening
    },
    async resign() {
      check()
      resign()
    },
    async close() {
      end()
    },
    async destroy() {
      check()
      if (tables.openings.size > 1) throw openElsewhere(name, tables.openings.size - 1)
      end()
      remove()
    },
  }
}

function lowestFreeSlot(name: string, openings: ReadonlyMap<number, Opening>): number {
  let slot = 0
  while (openings.has(slot)) slot++
  if (slot < MOST_SLOTS) return slot
  throw new SyncError('store_in_use', `The space "${name}" of this store is open ${MOST_SLOTS} times already.`, {
    fix: 'Close the engines that are no longer needed.',
  })
}

const rowsOf = (tables: Tables): StoredSpace => ({
  revision: tables.revision,
  records: [...tables.records] as NamedRow[],
  documents: [...tables.documents.values()],
  outbox: ([...tables.outbox] as OutboxRow[]).sort(([a], [b]) => a - b),
  rejected: [...tables.rejected] as NamedRow[],
})

function changesIn(tables: Tables, since: number): StoreChanges | undefined {
  const oldest = tables.revision - tables.log.length
  if (!Number.isInteger(since) || since < oldest || since > tables.revision) return undefined
  const touched = tables.log.slice(since - oldest)
  const records = new Set(touched.flatMap((keys) => keys.records))
  const documents = new Map(touched.flatMap((keys) => keys.documents).map((key) => [documentKey(...key), key]))
  const outbox = new Set(touched.flatMap((keys) => keys.outbox))
  const rejected = new Set(touched.flatMap((keys) => keys.rejected))
  return {
    revision: tables.revision,
    records: [...records].map((name) => [name, tables.records.get(name)]),
    documents: [...documents].map(([key, [collection, document]]) => [
      collection,
      document,
      tables.documents.get(key)?.[2],
    ]),
    outbox: [...outbox].sort((a, b) => a - b).map((position) => [position, tables.outbox.get(position)]),
    rejected: [...rejected].map((name) => [name, tables.rejected.get(name)]),
  }
}

function apply(tables: Tables, commit: StoreCommit): void {
  // Reads every row before the first is written: one that cannot be read must leave nothing half done
  const touched: TouchedKeys = {
    records: commit.records.map(([name]) => name),
    documents: commit.documents.map(([collection, document]) => [collection, document]),
    outbox: commit.outbox.map(([position]) => position),
    rejected: commit.rejected.map(([name]) => name),
  }
  for (const [name, text] of commit.records) put(tables.records, name, text)
  for (const [collection, document, text] of commit.documents) {
    const row: DocumentRow | undefined = text === undefined ? undefined : [collection, document, text]
    put(tables.documents, documentKey(collection, document), row)
  }
  for (const [position, text] of commit.outbox) put(tables.outbox, position, text)
  for (const [name, text] of commit.rejected) put(tables.rejected, name, text)
  tables.log.push(touched)
  if (tables.log.length > COMMITS_KEPT) tables.log.shift()
  tables.revision++
}

const documentKey = (collection: string, document: string): string => `${collection}/${document}`

function put<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

/** Later, so that nobody's code runs inside another's commit. */
function notify(opening: Opening): void {
  for (const watch of opening.watches) {
    if (watch.isDue) continue
    watch.isDue = true
    queueMicrotask(() => {
      watch.isDue = false
      if (opening.watches.has(watch)) watch.listener()
    })
  }
}

const movedOn = (name: string, expected: number, stored: number): SyncError =>
  new SyncError('store_moved', `Expected the space "${name}" at revision ${expected}, found ${stored}.`, {
    fix: 'Take in what changed since, then commit again.',
    details: { expected, stored },
  })

const openElsewhere = (name: string, others: number): SyncError =>
  new SyncError('store_in_use', `The space "${name}" of this store is open ${others} more times.`, {
    fix: 'Close the other engines first.',
  })
