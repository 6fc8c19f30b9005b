import { copyFileSync } from 'node:fs'
import { STRATEGIES, type Strategy, sameDigest } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { memoryState } from './memory-state.ts'
import { type WorldOnDisk, changeRow, worldOnDisk } from './testing/damage.ts'
import { serverDigests, storedDigest } from './testing/digests.ts'
import { type SeededRandom, seededRandom } from './testing/seeded-random.ts'
import { type Device, pause } from './testing/world.ts'

const HISTORIES = 60
const STEPS = 30
const IDS = ['a', 'b', 'c', 'd', 'e']
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Openings of the store of each device. */
const SLOTS = [1, 2, 1]

interface History extends WorldOnDisk {
  readonly random: SeededRandom
  readonly devices: Device[]
  readonly log: string[]
  hasBackup: boolean
}

async function write({ random, log }: History, { notes }: Device, index: number): Promise<void> {
  const id = random.pick([...notes.list().map((shown) => shown.id), ...IDS])
  if (!notes.has(id)) await notes.create(id, { title: String(random.below(1000)) })
  else if (random.chance(0.25)) await notes.delete(id)
  else await notes.update(id, { [random.pick(['title', 'body'])]: String(random.below(1000)) })
  log.push(`${index} writes ${id}`)
}

async function step(history: History): Promise<void> {
  const { random, world, devices, log } = history
  const index = random.below(devices.length)
  const device = devices[index] as Device
  world.clock.advance(random.below(1000))
  const choice = random.below(24)
  if (choice < 9) await write(history, device, index)
  else if (choice < 16) {
    device.link.losesReplies = random.chance(0.2) ? 1 : 0
    log.push(`${index} syncs${device.link.losesReplies ? ', its reply lost' : ''}`)
    await device.engine.syncNow()
    device.link.losesReplies = 0
  } else if (choice === 16) {
    log.push(`${index} reopens`)
    devices[index] = await device.reopen()
  } else if (choice === 17) {
    const id = random.pick(IDS)
    log.push(`the server loses ${id}`)
    await history.loseRows(id)
  } else if (choice === 18) {
    const id = random.pick(IDS)
    log.push(`${index} loses ${id}`)
    devices[index] = await changeRow(device, id, undefined)
  } else if (choice === 19) {
    log.push('backup')
    history.hasBackup = true
    await history.whileStopped((file) => copyFileSync(file, `${file}.backup`))
  } else if (choice === 20 && history.hasBackup) {
    log.push('restore')
    await history.whileStopped((file) => copyFileSync(`${file}.backup`, file))
  } else if (choice === 21) {
    log.push('a month passes')
    world.clock.advance(31 * DAY_MS)
  } else if (choice === 22) {
    log.push(`more than the retention passes, and only ${index} comes`)
    for (let days = 0; days < 92; days += 23) {
      world.clock.advance(23 * DAY_MS)
      await device.engine.syncNow()
    }
  } else {
    log.push('collect')
    await world.server.collect('shared')
  }
}

/** Nothing happens any more but that everybody syncs, now and then. */
async function isAtRest({ world, devices }: History): Promise<boolean> {
  for (const device of devices) await device.engine.syncNow()
  world.clock.advance(HOUR_MS)
  await pause()
  const { rows, record } = await serverDigests(world.store)
  const stored = await Promise.all(devices.map(({ state }) => storedDigest(state)))
  const isSent = devices.every(({ engine }) => engine.status.pending === 0)
  return isSent && [record, ...stored].every((digest) => sameDigest(digest, rows))
}

/** Returns how many differences were found and repaired. */
async function expectEqual(seed: number): Promise<number> {
  const random = seededRandom(seed)
  const strategy = STRATEGIES[seed % STRATEGIES.length] as Strategy
  const disk = worldOnDisk({ random })
  const { world } = disk
  const devices: Device[] = []
  for (const count of SLOTS) {
    const state = memoryState()
    const options = { notes: { strategy }, random, state, limits: { pageRows: 3 } }
    for (let slot = 0; slot < count; slot++) devices.push(await world.device(options))
  }
  const history: History = { ...disk, random, devices, log: [], hasBackup: false }
  for (let count = 0; count < STEPS; count++) await step(history)
  let rounds = 0
  // The server counts its rows once a day.
  while (rounds < 80 && !(await isAtRest(history))) rounds++
  const story = `seed ${seed}, ${strategy}: ${history.log.join(' · ')}`
  const [first, ...others] = devices.map(({ notes }) => ({ documents: notes.list(), conflicts: notes.conflicts() }))
  for (const other of others) expect({ story, ...other }).toEqual({ story, ...first })
  const { rows, record } = await serverDigests(world.store)
  const stored = await Promise.all(devices.map(({ state }) => storedDigest(state)))
  expect({ story, record, stored }).toEqual({ story, record: rows, stored: devices.map(() => rows) })
  expect({ story, open: devices.map(({ engine }) => engine.status.pending) }).toEqual({
    story,
    open: devices.map(() => 0),
  })
  for (const { engine } of devices) await engine.close()
  await world.server.close()
  return devices.reduce((sum, { engine }) => sum + engine.statistics.mismatchesRepaired, 0)
}

test(
  `${HISTORIES} random histories in which rows get lost, backups are restored and tombstones collected end with the same everywhere`,
  { timeout: 120_000 },
  async () => {
    let repaired = 0
    for (let seed = 1; seed <= HISTORIES; seed++) repaired += await expectEqual(seed)
    expect(repaired).toBeGreaterThan(HISTORIES / 4)
  },
)
