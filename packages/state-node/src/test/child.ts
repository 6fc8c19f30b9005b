import { type DeviceId, type StoreCommit, isSyncError } from '@whisker/protocol'
import { sqliteState } from '../index.ts'

// Run as a process of its own: `node child.ts <what> <path> <space>`

const [what = '', path = '', space = ''] = process.argv.slice(2)
const say = (line: string): boolean => process.stdout.write(`${line}\n`)

const behaviours: Readonly<Record<string, () => Promise<void>>> = {
  /** Holds the space open until it is killed. */
  async hold() {
    await openSpace()
    say('open')
    setInterval(() => undefined, 60_000)
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
}

const openSpace = () => sqliteState(path).open(space, () => String(process.pid).padEnd(22, 'x') as DeviceId)

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
