import {
  type DeviceId,
  type SpaceStore,
  type StateStore,
  type StoreCommit,
  SyncError,
  toSyncError,
} from '@whisker/protocol'
import type { StatePlace } from '../state-store-contract-bench.ts'
import { type Has, type Tables, changesOf, copyOf, emptyTables, put, rowsOf } from './memory-tables.ts'
import type { StateStoreFault } from './state-store-faults.ts'

interface Space {
  tables: Tables
  revision: number
  /** Every commit, with who made it. */
  readonly log: { readonly commit: StoreCommit; readonly by: Opening }[]
  readonly openings: Map<number, Opening>
  nextSlot: number
  leader: Opening | undefined
}
interface Opening {
  readonly listeners: Set<Listener>
}
interface Listener {
  readonly call: () => void
  isEnded: boolean
  calls: number
}
interface World {
  readonly has: Has
  readonly spaces: Map<string, Space>
  readonly devices: Map<string, DeviceId>
}

/** A place for stores in memory that keep every promise but, if a fault is planted, those that it breaks. */
export function memoryStatePlace(fault?: StateStoreFault): StatePlace {
  const world: World = { has: (other) => other === fault, spaces: new Map(), devices: new Map() }
  return { store: () => storeIn(world), noticeMs: 250 }
}

const storeIn = (world: World): StateStore => ({
  async open(name, mintDevice) {
    const { has } = world
    const device = deviceOf(world, has('mints a device id for each space') ? name : '', mintDevice)
    const space = spaceOf(world, name)
    if (space.openings.size === 0) reopen(space, has)
    return openingOf(world, name, space, device)
  },
})

function deviceOf({ devices }: World, key: string, mintDevice: () => DeviceId): DeviceId {
  try {
    const device = devices.get(key) ?? mintDevice()
    devices.set(key, device)
    return device
  } catch (thrown) {
    throw toSyncError(thrown, 'store_failed')
  }
}

function spaceOf({ spaces, has }: World, name: string): Space {
  const found = spaces.get(name)
  if (found) return found
  const shared = has('lets the rows of one space show in another') ? [...spaces.values()][0] : undefined
  const space: Space = {
    tables: shared?.tables ?? emptyTables(has),
    revision: 0,
    log: [],
    openings: new Map(),
    nextSlot: 0,
    leader: undefined,
  }
  spaces.set(name, space)
  return space
}

/** Where a store that was closed shows what it has not kept. */
function reopen(space: Space, has: Has): void {
  const commits = space.log.map(({ commit }) => commit)
  if (has('forgets the last commit when it is reopened') && commits.length > 0) {
    space.tables = emptyTables(has)
    for (const commit of commits.slice(0, -1)) finish(put(space.tables, commit, has))
    space.revision = commits.length - 1
    space.log.pop()
  }
  if (has('forgets the outbox when it is reopened')) space.tables.outbox.clear()
  if (has('brings removed rows back when it is reopened')) {
    for (const { outbox } of commits) {
      finish(put(space.tables, { ...NO_ROWS, outbox: outbox.filter(([, text]) => text !== undefined) }, has))
    }
  }
}
const NO_ROWS = { records: [], documents: [], outbox: [], rejected: [] }

function openingOf(world: World, name: string, space: Space, device: DeviceId): SpaceStore {
  const { has, spaces } = world
  const opening: Opening = { listeners: new Set() }
  const slot = freeSlot(space, has)
  space.openings.set(slot, opening)
  const isOpen = (): boolean => space.openings.get(slot) === opening
  const check = (): void => {
    if (!isOpen()) throw new SyncError('closed', 'The space was closed.', { fix: 'Open it again.' })
  }
  /** Whose lead counts here. */
  const court = (): Space => (has('has one lead for all spaces') ? ([...spaces.values()][0] ?? space) : space)
  const end = (): void => {
    if (!isOpen()) return
    if (court().leader === opening && !has('leaves the lead with who has closed')) court().leader = undefined
    if (!has('tells a watch that was ended')) opening.listeners.clear()
    space.openings.delete(slot)
  }
  return {
    device,
    slot: has('gives one slot twice') && slot === 1 ? 0 : slot,
    async load() {
      check()
      const stored = rowsOf(space.tables, space.revision, has)
      return has('changes what it has given to load') ? follow(stored, space, has) : stored
    },
    async changes(since) {
      check()
      const { revision, log } = space
      if (has('tells no changes after a revision that never was') && !log[since - 1] && since !== 0) {
        return changesOf(space.tables, [], revision, has)
      }
      if (!Number.isInteger(since) || since < 0 || since > revision) return undefined
      const from = has('tells in changes what was the same before') ? 0 : since
      let told = log.slice(from)
      if (has('leaves its own commits out of changes')) told = told.filter(({ by }) => by !== opening)
      if (has('leaves the last commit out of changes') && told.length > 1) told.pop()
      if (has('tells only the latest of many changes')) told = told.slice(-256)
      const commits = told.map(({ commit }) => commit)
      return changesOf(space.tables, commits, revision, has)
    },
    async commit(commit) {
      if (!has('writes after it was closed')) check()
      if (has('keeps a commit only after it has resolved')) {
        await Promise.resolve()
        setTimeout(() => void write(world, space, opening, commit).catch(() => undefined))
        return
      }
      await write(world, space, opening, commit)
    },
    watch(call) {
      const listener: Listener = { call, isEnded: false, calls: 0 }
      if (isOpen()) opening.listeners.add(listener)
      return () => {
        listener.isEnded = true
      }
    },
    async lead() {
      check()
      if (has('lets two lead')) return true
      court().leader ??= opening
      return court().leader === opening
    },
    async resign() {
      check()
      if (court().leader === opening || has('lets anyone give the lead up')) court().leader = undefined
    },
    async close() {
      end()
    },
    async destroy() {
      check()
      if (space.openings.size > 1 && !has('destroys a space that another has open')) throw inUse()
      end()
      const { tables } = space
      spaces.delete(name)
      if (has('goes on counting in a space that was destroyed')) spaceOf(world, name).revision = space.revision
      if (has('leaves the outbox of a space that was destroyed')) {
        spaceOf(world, name).tables = { ...emptyTables(has), outbox: tables.outbox }
      }
      if (has('destroys the other spaces too')) {
        for (const other of spaces.values()) other.tables = emptyTables(has)
      }
    },
  }
}

function freeSlot(space: Space, has: Has): number {
  let slot = has('gives no slot again') ? space.nextSlot++ : 0
  while (space.openings.has(slot)) slot++
  if (slot < 64 || has('gives more than 64 slots')) return slot
  throw inUse()
}

async function write(world: World, space: Space, by: Opening, commit: StoreCommit): Promise<void> {
  const { has } = world
  if (commit.revision !== space.revision && !has('takes a commit on any revision')) {
    if (has('writes a commit that it refuses')) finish(put(space.tables, commit, has))
    throw new SyncError('store_moved', `Expected revision ${commit.revision}.`, { fix: 'Catch up.' })
  }
  if (has('tells a watch before the commit can be read')) {
    tell(world, space, by)
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  if (has('shows a commit while it is half written')) {
    space.revision++
    for (const _ of put(space.tables, commit, has)) await Promise.resolve()
  } else {
    const inPlace = has('keeps half of a commit that fails') || has('lets the rows of one space show in another')
    const tables = inPlace ? space.tables : copyOf(space.tables)
    finish(put(tables, commit, has))
    space.tables = tables
    const isEmpty = Object.values(commit).every((rows) => typeof rows === 'number' || rows.length === 0)
    if (!isEmpty || !has('takes no empty commits')) space.revision++
  }
  space.log.push({ commit, by })
  if (!has('tells a watch before the commit can be read')) tell(world, space, by)
}

function finish(steps: Generator<void>): void {
  while (!steps.next().done);
}

function tell({ has, spaces }: World, space: Space, by: Opening): void {
  if (has('never tells a watch')) return
  const where = has('tells a watch of other spaces') ? [...spaces.values()] : [space]
  for (const opening of where.flatMap(({ openings }) => [...openings.values()])) {
    if (opening === by && !has('tells a watch of its own commits')) continue
    for (const listener of opening.listeners) {
      if (has('tells a watch only once') && listener.calls > 0) continue
      const call = (): void => {
        if (listener.isEnded && !has('tells a watch that was ended')) return
        listener.calls++
        listener.call()
      }
      if (has('tells a watch inside the commit')) call()
      else queueMicrotask(call)
    }
  }
}

/** What was loaded, whose rows are always those of now. */
function follow(stored: ReturnType<typeof rowsOf>, space: Space, has: Has): ReturnType<typeof rowsOf> {
  return {
    get revision() {
      return stored.revision
    },
    get records() {
      return rowsOf(space.tables, space.revision, has).records
    },
    documents: stored.documents,
    outbox: stored.outbox,
    rejected: stored.rejected,
  }
}

const inUse = (): SyncError => new SyncError('store_in_use', 'The space is open.', { fix: 'Close it.' })
