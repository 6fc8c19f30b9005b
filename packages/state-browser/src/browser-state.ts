import { type DeviceId, type StateStore, SyncError, toSyncError } from '@whisker/protocol'
import type { UseStore } from 'idb-keyval'
import { openSpace } from './browser-space.ts'
import { Database, reads, writes } from './database.ts'
import { DEVICE_KEY } from './layout.ts'

export interface BrowserStateOptions {
  /** Of the store among those of this origin: its own for each account, say. */
  readonly name: string
  /**
   * Whether to ask the browser to keep what is stored even if it runs out of room; some ask the person then. Default: yes,
   * when a space is opened.
   */
  readonly persist?: boolean | undefined
}

/** What the browser says of the room that this origin has, in bytes. */
export interface StorageEstimate {
  readonly usage: number
  readonly quota: number
  /** Whether the browser will not remove it by itself. */
  readonly isPersistent: boolean
}

export interface BrowserState extends StateStore {
  /** Whether the browser had removed what was stored here before. Known once a space was opened. */
  readonly wasEvicted: boolean
  /** Asks the browser to keep what is stored even if it runs out of room. Resolves to whether it will. */
  persist(): Promise<boolean>
  estimate(): Promise<StorageEstimate>
}

/**
 * The local state of a device in IndexedDB, which all tabs of an origin share. Nothing is opened before a space is. Throws
 * `invalid_options`.
 */
export function browserState(options: BrowserStateOptions): BrowserState {
  const { name, persist = true } = checked(options)
  const store = `whisker ${name}`
  const database = new Database(store)
  let wasEvicted = false
  let openCount = 0
  const release = (): void => {
    openCount--
    if (openCount === 0) database.close()
  }
  return {
    get wasEvicted() {
      return wasEvicted
    },
    persist: askToPersist,
    estimate,
    async open(space, mintDevice) {
      checkPlatform()
      openCount++
      try {
        const { device, isNew } = await deviceIn(database, mintDevice)
        wasEvicted ||= isNew && wasHere(store)
        mark(store)
        if (persist) askToPersist().catch(() => undefined)
        return await openSpace({ store, space, device, use: database.use, closed: release })
      } catch (thrown) {
        release()
        throw thrown
      }
    },
  }
}

async function deviceIn(
  { use }: Database,
  mint: () => DeviceId,
): Promise<{ readonly device: DeviceId; readonly isNew: boolean }> {
  const known = await storedDevice(use)
  if (known !== undefined) return { device: known, isNew: false }
  const device = minted(mint)
  try {
    await writes(use, (rows) => void rows.add(device, DEVICE_KEY))
    return { device, isNew: true }
  } catch (thrown) {
    // Another tab was faster, or it was written though the page was told otherwise.
    const stored = await storedDevice(use)
    if (stored === undefined) throw thrown
    return { device: stored, isNew: stored === device }
  }
}

function minted(mint: () => DeviceId): DeviceId {
  try {
    return mint()
  } catch (thrown) {
    throw toSyncError(thrown, 'store_failed')
  }
}

async function storedDevice(use: UseStore): Promise<DeviceId | undefined> {
  const [device] = await reads(use, (rows) => [rows.get(DEVICE_KEY) as IDBRequest<DeviceId | undefined>])
  return device
}

const askToPersist = async (): Promise<boolean> => (await globalThis.navigator?.storage?.persist?.()) ?? false

async function estimate(): Promise<StorageEstimate> {
  const storage = globalThis.navigator?.storage
  const { usage = 0, quota = 0 } = (await storage?.estimate?.()) ?? {}
  return { usage, quota, isPersistent: (await storage?.persisted?.()) ?? false }
}

/** Browsers remove databases and leave this; some remove both, and nobody can tell then. */
function wasHere(store: string): boolean {
  try {
    return localStorage.getItem(store) !== null
  } catch {
    return false
  }
}

function mark(store: string): void {
  try {
    localStorage.setItem(store, 'here')
  } catch {
    // It may be forbidden, or full. Only the word to the person rests on it.
  }
}

/** Not before something is opened: a page that is rendered on a server makes its store there too. */
function checkPlatform(): void {
  if ('isSecureContext' in globalThis && !globalThis.isSecureContext) {
    throw new SyncError(
      'insecure_context',
      'This page was not loaded over https, so it cannot share a store among tabs.',
      {
        fix: 'Load it over https; while you develop, from localhost or 127.0.0.1.',
      },
    )
  }
  const { indexedDB, BroadcastChannel, navigator } = globalThis as Partial<typeof globalThis>
  if (indexedDB && BroadcastChannel && navigator?.locks) return
  throw new SyncError(
    'no_indexeddb',
    'There is no IndexedDB here, or no Web Locks: this is no browser, or an old one.',
    {
      fix: 'Open the engine in the browser only; on a server render what memoryState() holds.',
    },
  )
}

function checked(options: BrowserStateOptions): BrowserStateOptions {
  const { name, persist, ...unknown } = (options ?? {}) as Partial<BrowserStateOptions>
  const [other] = Object.keys(unknown)
  if (other !== undefined) throw invalid(`browserState has no option ${JSON.stringify(other)}.`)
  if (typeof name !== 'string' || name === '' || !name.isWellFormed())
    throw invalid('Expected `name` of browserState to be a text.')
  if (persist !== undefined && typeof persist !== 'boolean') throw invalid('Expected `persist` to be true or false.')
  return { name, persist }
}

const invalid = (message: string): SyncError =>
  new SyncError('invalid_options', message, { fix: "For example browserState({ name: 'my-app' })." })
