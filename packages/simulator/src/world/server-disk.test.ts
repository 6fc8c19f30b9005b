import type { SpaceChanges, SyncStore } from '@whisker/protocol'
import { memoryStore } from '@whisker/server'
import { expect, test } from 'vitest'
import { seededRandom } from '../random.ts'
import { type FaultOptions, Faults } from './faults.ts'
import { Process, WallClock } from './process.ts'
import { Scheduler } from './scheduler.ts'
import { storeOf } from './server-disk.ts'
import { SPACE } from './world.ts'

interface ServerPlace {
  readonly scheduler: Scheduler
  readonly process: Process
  readonly inner: SyncStore
  readonly store: SyncStore
}

function serverPlace(
  seed: string,
  options: FaultOptions = {},
  watch: (store: SyncStore) => SyncStore = (it) => it,
): ServerPlace {
  const scheduler = new Scheduler(0)
  const process = new Process(scheduler, new WallClock(scheduler))
  const random = seededRandom(seed)
  const inner = memoryStore()
  const faults = new Faults(options, random.fork('faults'))
  return { scheduler, process, inner, store: storeOf(watch(inner), process, { faults, random }) }
}

/** One transaction: reads, and puts a head. */
const transact = async (store: SyncStore): Promise<void> =>
  store.write(SPACE, async (transaction) => {
    const { epochs: _epochs, exists: _exists, ...record } = await transaction.space()
    await transaction.documents([])
    const nothing: Omit<SpaceChanges, keyof typeof record> = { replicas: [], documents: [], removed: [], revoked: [] }
    await transaction.put({ ...record, ...nothing, head: 7 })
  })

const headOf = async ({ inner }: ServerPlace): Promise<number> =>
  inner.read(SPACE, async (reader) => (await reader.space()).head)

/** The store, with what tells of each put. */
const telling =
  (told: () => void) =>
  (store: SyncStore): SyncStore => ({
    ...store,
    write: async (space, work) =>
      store.write(space, async (transaction) =>
        work({
          ...transaction,
          put: async (changes) => {
            told()
            await transaction.put(changes)
          },
        }),
      ),
  })

test('a transaction is stored whole after its process was killed, or not at all, and never later', async () => {
  const random = seededRandom('kill')
  const outcomes = new Set<string>()
  for (let round = 0; round < 100; round++) {
    let putLate = false
    const watch = telling(() => (putLate ||= !place.process.isAlive))
    const place: ServerPlace = serverPlace(`kill ${round}`, {}, watch)
    const { scheduler, process, store } = place
    let told = 'nothing'
    void transact(store).then(() => (told = 'done'))
    await scheduler.rest()
    await scheduler.advance(random.below(7))
    process.end()
    await scheduler.rest()
    const head = await headOf(place)
    await scheduler.advance(1000)
    expect([await headOf(place), putLate]).toEqual([head, false])
    outcomes.add(`${told}, ${head}`)
  }
  expect(outcomes).toEqual(new Set(['nothing, 0', 'nothing, 7', 'done, 7']))
})

test('a transaction that the disk fails is refused and stored not at all', async () => {
  const place = serverPlace('fails', { server_disk_error: 1 })
  const refused = transact(place.store).catch((error: unknown) => error)
  await place.scheduler.rest()
  await place.scheduler.advance(5000)
  expect([await refused, await headOf(place)]).toEqual([expect.objectContaining({ code: 'store_failed' }), 0])
})

test('a process that closes leaves the store open to the next', async () => {
  const place = serverPlace('close')
  const { scheduler, store, process } = place
  const closed = store.close()
  await scheduler.advance(1000)
  await closed
  process.end()
  await transact(place.inner)
  expect(await headOf(place)).toBe(7)
})
