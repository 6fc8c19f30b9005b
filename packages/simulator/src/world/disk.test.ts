import { stateStoreContract } from '@whisker/conformance'
import type { DeviceId, SpaceStore, StoreCommit } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../random.ts'
import { type DiskPlace, diskPlace } from '../testing/disk-place.ts'
import { pump, whenDone } from '../testing/pump.ts'
import type { FaultOptions } from './faults.ts'
import type { Process } from './process.ts'

const SPACE = 'stories'
const DEVICE = 'D'.repeat(22) as DeviceId
const EVERY_ROW: Omit<StoreCommit, 'revision'> = {
  records: [['link', 'l']],
  documents: [
    ['stories', 'dragon', 'd'],
    ['stories', 'swan', 's'],
  ],
  outbox: [[1, 'o']],
  rejected: [['a:1', 'r']],
}
const NOTHING: Omit<StoreCommit, 'revision'> = { records: [], documents: [], outbox: [], rejected: [] }

describe.for([{ name: 'the simulated disk' }])('contract: $name', () => {
  stateStoreContract(() => {
    const { disk, scheduler, newProcess } = diskPlace('contract')
    return { store: () => disk.state(newProcess()), dispose: pump(scheduler) }
  })
})

interface OpenedDisk extends DiskPlace {
  readonly process: Process
  readonly store: SpaceStore
}

async function openedDisk(seed: string, faults: FaultOptions = {}): Promise<OpenedDisk> {
  const place = diskPlace(seed, faults)
  const process = place.newProcess()
  return { ...place, process, store: await open(place, process) }
}

const open = async ({ disk, scheduler }: DiskPlace, process: Process): Promise<SpaceStore> =>
  whenDone(
    scheduler,
    disk.state(process).open(SPACE, () => DEVICE),
  )

/** What another process finds. */
async function found(place: DiskPlace): Promise<unknown> {
  const { scheduler, newProcess } = place
  const store = await open(place, newProcess())
  return whenDone(scheduler, store.load())
}

test('a commit is there whole after its process was killed, or not at all', async () => {
  const random = seededRandom('kill')
  const outcomes = new Set<string>()
  for (let round = 0; round < 100; round++) {
    const place = await openedDisk(`kill ${round}`)
    const { store, scheduler, process } = place
    let told = 'nothing'
    void store.commit({ revision: 0, ...EVERY_ROW }).then(() => (told = 'durable'))
    await scheduler.rest()
    await scheduler.advance(random.below(6))
    process.end()
    await scheduler.advance(1000)
    const stored = (await found(place)) as { readonly revision: number }
    expect(stored).toEqual(stored.revision === 0 ? { revision: 0, ...NOTHING } : { revision: 1, ...EVERY_ROW })
    if (told === 'durable') expect(stored.revision).toBe(1)
    outcomes.add(`${told}, ${stored.revision}`)
  }
  expect(outcomes).toEqual(new Set(['nothing, 0', 'nothing, 1', 'durable, 1']))
})

test('a process that is killed after its commit is on disk does not hear of it', async () => {
  const place = await openedDisk('late', { late_crash: 1 })
  const { store, scheduler, process, faults } = place
  let told = false
  void store.commit({ revision: 0, ...EVERY_ROW }).then(() => (told = true))
  await scheduler.rest()
  await scheduler.advance(1000)
  expect([told, process.isAlive, faults.effects]).toEqual([false, false, { late_crash: 1 }])
  expect(await found(place)).toEqual({ revision: 1, ...EVERY_ROW })
})

test.for([
  ['disk_full', 'disk_full'],
  ['disk_error', 'disk_full'],
  ['disk_busy', 'store_failed'],
] as const)('a commit that %s strikes is refused with %s, and changes nothing', async ([fault, code]) => {
  const place = await openedDisk(fault, { [fault]: 1 })
  const { store, scheduler, faults, disk } = place
  const commit = store.commit({ revision: 0, ...EVERY_ROW })
  await expect(whenDone(scheduler, commit)).rejects.toMatchObject({ code })
  expect([await found(place), faults.effects, disk.inFlight]).toEqual([{ revision: 0, ...NOTHING }, { [fault]: 1 }, 0])
})

test('a commit is under way until it is on disk or its process has ended', async () => {
  const { store, disk, scheduler, process } = await openedDisk('in flight')
  const commit = store.commit({ revision: 0, ...NOTHING })
  await scheduler.rest()
  expect(disk.inFlight).toBe(1)
  await whenDone(scheduler, commit)
  expect(disk.inFlight).toBe(0)
  void store.commit({ revision: 1, ...NOTHING })
  await scheduler.rest()
  process.end()
  expect(disk.inFlight).toBe(0)
})

test('whoever watches the disk is told of each commit that reached it', async () => {
  const told: StoreCommit[] = []
  const place = diskPlace('told', {}, (_disk, _space, commit) => void told.push(commit))
  const store = await open(place, place.newProcess())
  await whenDone(place.scheduler, store.commit({ revision: 0, ...EVERY_ROW }))
  await expect(whenDone(place.scheduler, store.commit({ revision: 0, ...EVERY_ROW }))).rejects.toMatchObject({
    code: 'store_moved',
  })
  expect(told).toEqual([{ revision: 0, ...EVERY_ROW }])
})

test('a process that was killed leaves its slot and its lead to others', async () => {
  const place = await openedDisk('slot')
  const { store, scheduler, process, newProcess } = place
  expect([store.slot, await whenDone(scheduler, store.lead())]).toEqual([0, true])
  const second = await open(place, newProcess())
  expect([second.slot, await whenDone(scheduler, second.lead())]).toEqual([1, false])
  process.end()
  const third = await open(place, newProcess())
  expect([third.slot, await whenDone(scheduler, third.lead())]).toEqual([0, true])
})

test.for(['before', 'while'] as const)(
  'a process that is killed %s its store is opened leaves the slot to others',
  async (when) => {
    const place = diskPlace('opening')
    const process = place.newProcess()
    const mintAndEnd = (): DeviceId => {
      process.end()
      return DEVICE
    }
    void place.disk.state(process).open(SPACE, mintAndEnd)
    if (when === 'before') process.end()
    await place.scheduler.advance(1000)
    expect(process.isAlive).toBe(false)
    expect((await open(place, place.newProcess())).slot).toBe(0)
  },
)

test('a disk becomes a copy of what another held, with its device id, and goes on by itself', async () => {
  const [from, to] = [await openedDisk('from'), diskPlace('to')]
  await whenDone(from.scheduler, from.store.commit({ revision: 0, ...EVERY_ROW }))
  const copied = await from.disk.load(SPACE)
  expect(copied).toEqual({ device: DEVICE, stored: { revision: 1, ...EVERY_ROW } })
  if (copied) await to.disk.restore(SPACE, copied)
  await whenDone(from.scheduler, from.store.commit({ ...NOTHING, revision: 1, outbox: [[1, undefined]] }))
  const store = await open(to, to.newProcess())
  expect([store.device, await whenDone(to.scheduler, store.load())]).toEqual([DEVICE, { revision: 1, ...EVERY_ROW }])
})

test('of a space that nobody opened there is nothing to copy', async () => {
  expect(await diskPlace('empty').disk.load(SPACE)).toBeUndefined()
})

test('a row that vanishes is gone, and the others are there', async () => {
  const place = await openedDisk('rot')
  const { store, scheduler, process, disk } = place
  await whenDone(scheduler, store.commit({ revision: 0, ...EVERY_ROW }))
  process.end()
  await disk.lose(SPACE, 'stories', 'dragon')
  expect(await found(place)).toMatchObject({ ...EVERY_ROW, documents: [['stories', 'swan', 's']] })
})
