import { SyncEngine } from '@whisker/engine'
import { browserState } from '@whisker/state-browser'
import { webSocketTransport } from '@whisker/transport-ws'
import { COLLECTION, type Passage } from '../../workload.ts'

// A device in a browser, and what could carry the same documents at the least: one list of texts for a thousand of them.

export interface Measured {
  /** Opens a new store and takes everything there is; the time until it is stored, in milliseconds. */
  firstSync(url: string, store: string): Promise<number>
  /** Opens a store in which nothing changed, and reads every document. */
  reopen(store: string): Promise<{ readonly ms: number; readonly documents: number }>
  /** Writes the texts of the documents, and nothing else. */
  bareWrite(texts: readonly string[]): Promise<number>
  /** Reads and parses them. */
  bareRead(): Promise<number>
}

declare global {
  interface Window {
    measured: Measured
  }
}

interface Documents {
  [COLLECTION]: Passage
}

const PAGE = 1000

async function timed(work: () => Promise<void>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

const open = async (store: string, url?: string): Promise<SyncEngine<Documents>> =>
  SyncEngine.open<Documents>({
    space: 'stories',
    collections: { [COLLECTION]: { strategy: 'auto_merge' } },
    state: browserState({ name: store, persist: false }),
    transport: url === undefined ? undefined : webSocketTransport({ url }),
  })

function readAll(engine: SyncEngine<Documents>): number {
  const list = engine.collection(COLLECTION).list()
  const characters = list.reduce((sum, { value }) => sum + value.text.length, 0)
  if (characters === 0) throw new Error('There is nothing to read.')
  return list.length
}

async function openBare(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('bare')
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore('texts'))
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error as DOMException))
  })
}

window.measured = {
  async firstSync(url, store) {
    const engine = await open(store, url)
    const ms = await timed(async () => {
      const result = await engine.syncNow()
      if (!result.ok) throw result.error
    })
    await engine.close()
    return ms
  },
  async reopen(store) {
    let documents = 0
    const ms = await timed(async () => {
      documents = readAll(await open(store))
    })
    return { ms, documents }
  },
  async bareWrite(texts) {
    const database = await openBare()
    return timed(async () => {
      for (let from = 0; from < texts.length; from += PAGE) {
        const transaction = database.transaction('texts', 'readwrite', { durability: 'strict' })
        transaction.objectStore('texts').put(texts.slice(from, from + PAGE), from)
        transaction.commit()
        await new Promise((resolve) => transaction.addEventListener('complete', resolve))
      }
    })
  },
  async bareRead() {
    return timed(async () => {
      const database = await openBare()
      const pages = await new Promise<string[][]>((resolve) => {
        const request = database.transaction('texts').objectStore('texts').getAll()
        request.addEventListener('success', () => resolve(request.result as string[][]))
      })
      const characters = pages.flat().reduce((sum, text) => sum + (JSON.parse(text) as Passage).text.length, 0)
      if (characters === 0) throw new Error('There is nothing to read.')
    })
  },
}
