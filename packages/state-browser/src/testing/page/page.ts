import { SyncEngine, type SyncStatus } from '@whisker/engine'
import { webSocketTransport } from '@whisker/transport-ws'
import { browserState } from '../../browser-state.ts'

// A tab: what a test asks of it from outside, over an engine on the store of its browser.

export interface Note {
  readonly [field: string]: string
}

/** How a tab opens. */
export interface TabOptions {
  readonly server: string
  readonly space: string
  readonly store: string
}

export interface Opened {
  readonly device: string
  readonly wasEvicted: boolean
}

export interface Tab {
  open(options: TabOptions): Promise<Opened>
  /** Creates the note or writes over its fields; resolves when it is stored, to nothing or to a code. */
  write(id: string, fields: Note): Promise<string | undefined>
  remove(id: string): Promise<string | undefined>
  /** As it is shown, by ids. */
  notes(): readonly (readonly [id: string, note: Note])[]
  status(): SyncStatus
  synced(): Promise<void>
  /** Closes the connections to the database under the engine's feet. */
  cutDatabase(): void
  estimate(): Promise<{ readonly usage: number; readonly quota: number }>
  close(): Promise<void>
}

declare global {
  interface Window {
    tab: Tab
  }
}

const connections = new Set<IDBDatabase>()
const openDatabase = indexedDB.open.bind(indexedDB)
indexedDB.open = (...given) => {
  const request = openDatabase(...given)
  request.addEventListener('success', () => connections.add(request.result))
  return request
}

let engine: SyncEngine<{ notes: Note }> | undefined
let store: ReturnType<typeof browserState> | undefined

function opened(): SyncEngine<{ notes: Note }> {
  if (!engine) throw new Error('The tab has opened nothing.')
  return engine
}

const codeOf = async (write: Promise<unknown>): Promise<string | undefined> =>
  write.then(
    () => undefined,
    (error: { readonly code?: string; readonly message: string }) => error.code ?? error.message,
  )

window.tab = {
  async open({ server, space, store: name }) {
    store = browserState({ name })
    engine = await SyncEngine.open<{ notes: Note }>({
      space,
      collections: { notes: { strategy: 'auto_merge' } },
      state: store,
      transport: webSocketTransport({ url: server }),
    })
    engine.start()
    return { device: engine.device.id, wasEvicted: store.wasEvicted }
  },
  async write(id, fields) {
    const notes = opened().collection('notes')
    return codeOf(notes.has(id) ? notes.update(id, fields) : notes.create(id, fields))
  },
  remove: async (id) => codeOf(opened().collection('notes').delete(id)),
  notes: () =>
    opened()
      .collection('notes')
      .list()
      .map(({ id, value }) => [id, value] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  status: () => opened().status,
  synced: async () => opened().synced(),
  cutDatabase() {
    for (const connection of connections) connection.close()
    connections.clear()
  },
  estimate: async () => (await store?.estimate()) ?? { usage: 0, quota: 0 },
  close: async () => opened().close(),
}
