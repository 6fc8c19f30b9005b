import { isDeepStrictEqual } from 'node:util'
import { type DeviceId, type SpaceStore, type StoreCommit, isSyncError } from '@whisker/protocol'
import { sqliteState } from '../index.ts'

// Run as a process of its own: `node child.ts <what> <path> <space>`

const [what = '', path = '', space = ''] = process.argv.slice(2)
const say = (line: string): boolean => process.stdout.write(`${line}\n`)

const behaviours: Readonly<Record<string, () => Promise<void>>> = {
  /** Says its slot and whether it leads, and holds both until it is killed. */
  async hold() {
    const store = await openSpace()
    say(`slot ${store.slot}, ${(await store.lead()) ? 'leads' : 'follows'}`)
    // Its locks are given back once nothing refers to it any more.
    setInterval(() => store.slot, 60_000)
  },
  /** Says each revision that it hears of, until it is killed. */
  async watch() {
    const store = await openSpace()
    store.watch(() => void store.load().then(({ revision }) => say(`${revision}`)))
    say('watches')
    setInterval(() => undefined, 60_000)
  },
  /** Does everything that could keep a process alive, and then nothing more. */
  async idle() {
    const store = await openSpace()
    store.watch(() => undefined)
    await store.lead()
    say('idle')
  },
  /** Commits without end; says each revision once its commit has resolved. */
  async write() {
    const store = await openSpace()
    for (let { revision } = await store.load(); ; revision++) {
      await store.commit(everywhere(revision, `${revision + 1}`))
      say(`${revision + 1}`)
    }
  },
  /** Commits 200 times and ends. */
  async some() {
    const store = await openSpace()
    for (let revision = 0; revision < 200; revision++) await store.commit(everywhere(revision, `${revision + 1}`))
    await store.close()
    say('done')
  },
  /** Adds 100 rows to an outbox to which others add too, and ends; says whether what it followed is what is stored. */
  async append() {
    const store = await openSpace()
    const isRight = await append(store, 100)
    await store.close()
    say(isRight ? 'done' : 'what changes told is not what is stored')
  },
}

const openSpace = () => sqliteState(path).open(space, () => String(process.pid).padEnd(22, 'x') as DeviceId)

/** Follows the outbox by `changes` alone. */
async function append(store: SpaceStore, count: number): Promise<boolean> {
  const outbox = new Map<number, string | undefined>()
  let revision = 0
  const catchUp = async (): Promise<void> => {
    const changes = await store.changes(revision)
    for (const [position, text] of changes?.outbox ?? []) outbox.set(position, text)
    revision = changes?.revision ?? revision
  }
  for (let added = 0; added < count;) {
    await catchUp()
    const rows: StoreCommit['outbox'] = [[outbox.size, `${process.pid}:${added}`]]
    try {
      await store.commit({ revision, records: [], documents: [], outbox: rows, rejected: [] })
      added++
    } catch (thrown) {
      if (!isSyncError(thrown) || thrown.code !== 'store_moved') throw thrown
    }
  }
  const before = await store.load()
  await catchUp()
  return isDeepStrictEqual([...outbox].slice(0, before.outbox.length), before.outbox)
}

/** The same text in 42 rows of all tables: a torn commit would show. */
const everywhere = (revision: number, text: string): StoreCommit => ({
  revision,
  records: [['revision', text]],
  documents: Array.from({ length: 20 }, (_, index) => ['c', `d${index}`, text.padEnd(1 + index * 400, '.')]),
  outbox: Array.from({ length: 20 }, (_, index) => [index, text]),
  rejected: [['revision', text]],
})

try {
  await behaviours[what]?.()
} catch (thrown) {
  say(isSyncError(thrown) ? thrown.code : String(thrown))
}
