import {
  type DeviceId,
  type DocumentRow,
  type NamedRow,
  type OutboxRow,
  type SpaceStore,
  type StateStore,
  type StoreCommit,
  type StoredSpace,
  SyncError,
  toSyncError,
} from '@whisker/protocol'

interface Tables {
  revision: number
  isOpen: boolean
  readonly records: Map<string, string>
  readonly documents: Map<string, DocumentRow>
  readonly outbox: Map<number, string>
  readonly rejected: Map<string, string>
}

/** A state store that lives as long as this object: for tests, first tries and data that may be lost. */
export function memoryState(): StateStore {
  let device: DeviceId | undefined
  const spaces = new Map<string, Tables>()
  return {
    async open(space, mintDevice) {
      device ??= minted(mintDevice)
      const tables = spaces.get(space) ?? newTables()
      if (tables.isOpen) {
        throw new SyncError('store_in_use', `The space "${space}" of this store is open already.`, {
          fix: 'Close the engine that has it open, or give each engine a store of its own.',
        })
      }
      tables.isOpen = true
      spaces.set(space, tables)
      return openSpace(device, tables, () => spaces.delete(space))
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
  isOpen: false,
  records: new Map(),
  documents: new Map(),
  outbox: new Map(),
  rejected: new Map(),
})

function openSpace(device: DeviceId, tables: Tables, remove: () => void): SpaceStore {
  let isClosed = false
  const check = (): void => {
    if (isClosed) throw new SyncError('closed', 'The store is closed.')
  }
  const close = async (): Promise<void> => {
    if (!isClosed) tables.isOpen = false
    isClosed = true
  }
  return {
    device,
    close,
    watch: () => () => {},
    async load(): Promise<StoredSpace> {
      check()
      return {
        revision: tables.revision,
        records: [...tables.records] as NamedRow[],
        documents: [...tables.documents.values()],
        outbox: ([...tables.outbox] as OutboxRow[]).sort(([a], [b]) => a - b),
        rejected: [...tables.rejected] as NamedRow[],
      }
    },
    async commit(commit: StoreCommit) {
      check()
      if (commit.revision !== tables.revision) {
        throw new SyncError('store_in_use', `The store is at revision ${tables.revision}, not ${commit.revision}.`, {
          fix: 'Open each space of a store once at a time.',
        })
      }
      for (const [collection, document, text] of commit.documents) {
        put(
          tables.documents,
          `${collection}/${document}`,
          text === undefined ? undefined : [collection, document, text],
        )
      }
      for (const [name, text] of commit.records) put(tables.records, name, text)
      for (const [position, text] of commit.outbox) put(tables.outbox, position, text)
      for (const [name, text] of commit.rejected) put(tables.rejected, name, text)
      tables.revision++
    },
    async destroy() {
      check()
      await close()
      remove()
    },
  }
}

function put<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
