import type { SpaceStore } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { diskPlace } from '../testing/disk-place.ts'
import { whenDone } from '../testing/pump.ts'
import type { FaultOptions } from './faults.ts'
import type { Process } from './process.ts'

interface Tab {
  readonly process: Process
  readonly store: SpaceStore
  leads(): Promise<boolean>
}

/** Two processes on one disk, the first of which leads. */
async function twoTabs(faults: FaultOptions) {
  const place = diskPlace('tabs', faults)
  const { disk, scheduler, newProcess } = place
  const open = async (): Promise<Tab> => {
    const process = newProcess()
    const opened = disk.state(process).open('stories', () => 'D'.repeat(22) as SpaceStore['device'])
    const store = await whenDone(scheduler, opened)
    return { process, store, leads: async () => whenDone(scheduler, store.lead()) }
  }
  const [first, second] = [await open(), await open()]
  await first.leads()
  return { ...place, first, second }
}

test('one process leads, until it gives the lead up or is no more', async () => {
  const { first, second, scheduler } = await twoTabs({})
  expect([await first.leads(), await second.leads()]).toEqual([true, false])
  await whenDone(scheduler, first.store.resign())
  expect([await second.leads(), await first.leads()]).toEqual([true, false])
  second.process.end()
  expect(await first.leads()).toBe(true)
})

test('who stands still and is deposed finds that another leads', async () => {
  const { first, second, disk, faults } = await twoTabs({})
  first.process.suspend()
  expect(await second.leads()).toBe(false)
  await disk.leads('stories').depose(first.process)
  expect([await second.leads(), faults.effects.lead_frozen]).toEqual([true, 1])
  first.process.resume()
  expect(await first.leads()).toBe(false)
})

test('who was deposed, and goes on before anybody else has asked, leads again', async () => {
  const { first, second, disk, faults } = await twoTabs({})
  first.process.suspend()
  await disk.leads('stories').depose(first.process)
  first.process.resume()
  expect([await first.leads(), await second.leads(), faults.effects.lead_frozen]).toEqual([true, false, undefined])
})

test('a lead that is stolen is with one of them, and the other finds out when it asks', async () => {
  const { first, second, faults } = await twoTabs({ lead_stolen: 1 })
  expect(await second.leads()).toBe(true)
  faults.isOn = false
  expect([await first.leads(), await second.leads(), faults.effects.lead_stolen]).toEqual([false, true, 1])
})

test('two leaders are both told that they lead, for a minute at most', async () => {
  const { first, second, faults, scheduler } = await twoTabs({ two_leaders: 1 })
  expect([await second.leads(), await first.leads(), faults.effects.two_leaders]).toEqual([true, true, 1])
  faults.isOn = false
  await scheduler.advance(60_000)
  expect([await first.leads(), await second.leads()]).toEqual([true, false])
})

test('a leader that is lost in the middle of a commit has written nothing of it, and leaves the lead to another', async () => {
  const { first, second, faults, scheduler } = await twoTabs({ lead_lost: 1 })
  const nothing = { documents: [], outbox: [], rejected: [] }
  void first.store.commit({ revision: 0, records: [['link', 'first']], ...nothing })
  await scheduler.rest()
  await scheduler.advance(1000)
  expect([first.process.isAlive, faults.effects.lead_lost]).toEqual([false, 1])
  await whenDone(scheduler, second.store.commit({ revision: 0, records: [['link', 'second']], ...nothing }))
  expect((await whenDone(scheduler, second.store.load())).records).toEqual([['link', 'second']])
  expect(await second.leads()).toBe(true)
})
