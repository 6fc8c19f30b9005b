import type { DeviceId, SpaceStore } from '@whisker/protocol'
import { SyncError } from '@whisker/protocol'
import type { UseStore } from 'idb-keyval'
import { Channel } from './channel.ts'
import { writes } from './database.ts'
import { everythingOf } from './layout.ts'
import { takeLock } from './locks.ts'
import { takeSeat } from './seat.ts'
import { type SpaceRows, changesSince, commitTo, headOf, loadSpace } from './space-rows.ts'
import { closedError } from './store-errors.ts'
import { compact, fold, isWorthIt } from './tidy.ts'

export interface SpacePlace {
  /** Of the store, apart from all others of this origin. */
  readonly store: string
  readonly space: string
  readonly device: DeviceId
  readonly use: UseStore
  /** Called once, when it is closed. */
  readonly closed: () => void
}

/** A tab that dies between its commit and its word of it has told nobody; so it is looked now and then. */
const LOOK_MS = 10_000
/** So many commits later it is looked whether the log is to be folded. */
const FOLD_EVERY = 128

export async function openSpace({ store, space, device, use, closed }: SpacePlace): Promise<SpaceStore> {
  // No two spaces have one name, whatever the stores are called.
  const name = `${encodeURIComponent(store)} ${space}`
  const rows: SpaceRows = { name: space, device, use }
  const seat = await takeSeat(name, space)
  const listeners = new Set<() => void>()
  const tell = (): void => listeners.forEach((listener) => listener())
  const channel = new Channel(name, { committed: tell, leads: () => seat.leads })
  /** The last revision that this opening knows of. */
  let known = 0
  const looking = setInterval(() => {
    if (listeners.size === 0) return
    headOf(rows).then(
      (head) => head !== known && tell(),
      () => undefined,
    )
  }, LOOK_MS)
  const opening = crypto.randomUUID()
  let commits = 0
  let isOpen = true
  /** One commit after the other, as they were asked for. */
  let writing: Promise<unknown> = Promise.resolve()
  /** What is tidied in the background; nothing rests on it, and it is tried again later. */
  let tidying: Promise<unknown> = Promise.resolve()
  const check = (): void => {
    if (!isOpen) throw closedError(space)
  }
  const tidy = (work: (of: SpaceRows) => Promise<void>): void => {
    const alone = async (): Promise<void> => {
      const lock = isOpen ? await takeLock(`${name} tidy`) : undefined
      if (!lock) return
      try {
        await work(rows)
      } finally {
        await lock.release()
      }
    }
    tidying = tidying.then(alone).catch(() => undefined)
  }
  const end = async (): Promise<void> => {
    if (!isOpen) return
    isOpen = false
    listeners.clear()
    clearInterval(looking)
    await Promise.all([writing, tidying])
    channel.close()
    await seat.leave()
    closed()
  }
  return {
    device,
    slot: seat.slot,
    async load() {
      check()
      const { stored, deadCount } = await loadSpace(rows)
      known = stored.revision
      if (isWorthIt(deadCount, stored.documents.length)) tidy(compact)
      return stored
    },
    async changes(since) {
      check()
      const changes = await changesSince(rows, since)
      known = changes?.revision ?? known
      return changes
    },
    async commit(commit) {
      check()
      const by = `${opening} ${++commits}`
      const written = writing.then(async () => commitTo(rows, commit, by))
      writing = written.catch(() => undefined)
      await written
      known = commit.revision + 1
      channel.tellCommitted()
      if (commits % FOLD_EVERY === 0) tidy(fold)
    },
    watch(listener) {
      const own = (): void => listener()
      if (isOpen) listeners.add(own)
      return () => listeners.delete(own)
    },
    async lead() {
      check()
      return seat.lead(channel)
    },
    async resign() {
      check()
      await seat.resign()
    },
    close: end,
    async destroy() {
      check()
      if (await seat.hasOthers()) throw openElsewhere(space)
      await Promise.all([writing, tidying])
      await writes(use, (all) => void all.delete(everythingOf(rows)))
      await end()
    },
  }
}

const openElsewhere = (space: string): SyncError =>
  new SyncError(
    'store_in_use',
    `The space "${space}" of this store is open in another tab, or once more in this one.`,
    {
      fix: 'Close the other tabs, and the other engines of this page.',
    },
  )
