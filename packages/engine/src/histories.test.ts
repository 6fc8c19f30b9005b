import { isDeepStrictEqual } from 'node:util'
import { STRATEGIES, type Strategy, formatDot, sameDigest } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { type SeededRandom, seededRandom } from './testing/seeded-random.ts'
import { memoryState } from './memory-state.ts'
import { serverDigests, storedDigest } from './testing/digests.ts'
import { LiveLink, type Told } from './testing/live-link.ts'
import { type Device, type FallbackDevice, World, passing, pause } from './testing/world.ts'

const HISTORIES = 320
const LIVE_HISTORIES = 120
const FALLBACK_HISTORIES = 80
const STEPS = 24
const IDS = ['a', 'b', 'c']
const FIELDS = ['title', 'body'] as const

interface History {
  readonly strategy: Strategy
  readonly random: SeededRandom
  readonly world: World
  readonly devices: Device[]
  /** Texts that nobody who had seen them has written over: they must be found at the end. */
  readonly live: Set<string>
  readonly log: string[]
  texts: number
}

const textsIn = (value: unknown): string[] => JSON.stringify(value ?? null).match(/w\d+w/g) ?? []

/** The texts that a device shows of a document: its value, and the values of its open conflicts. */
const textsOf = ({ notes }: Device, id: string): string[] =>
  textsIn([notes.get(id), notes.conflicts().filter((conflict) => conflict.id === id)])

const mint = (history: History): string => {
  const text = `w${++history.texts}w`
  history.live.add(text)
  return text
}

const supersede = ({ live }: History, texts: readonly string[], except: readonly string[] = []): void => {
  for (const text of texts) if (!except.includes(text)) live.delete(text)
}

async function writeSomething(history: History, device: Device, index: number): Promise<void> {
  const { random, log, strategy } = history
  const { notes } = device
  const shown = notes.list().map(({ id }) => id)
  const id = shown.length > 0 && random.chance(0.7) ? random.pick(shown) : random.pick(IDS)
  const value = notes.get(id)
  const choice = random.below(10)
  if (!value) {
    log.push(`${index} create ${id}`)
    supersede(history, textsOf(device, id))
    await notes.create(id, { title: mint(history) })
  } else if (choice === 0) {
    log.push(`${index} delete ${id}`)
    supersede(history, textsOf(device, id))
    await notes.delete(id)
  } else if (choice === 1) {
    log.push(`${index} metadata ${id}`)
    await notes.updateMetadata(id, { [random.pick(['pinned', 'colour'])]: random.below(100) })
  } else if (choice === 2 && notes.conflicts().length > 0) {
    await resolveSomething(history, device, index)
  } else if (choice === 3) {
    log.push(`${index} set ${id}`)
    supersede(history, strategy === 'manual' ? textsIn(value) : textsOf(device, id))
    await notes.set(id, { title: mint(history), body: mint(history) })
  } else {
    const field = random.pick(FIELDS)
    log.push(`${index} update ${id}.${field}`)
    const { [field]: old, ...rest } = value
    const places = notes.conflicts().filter((one) => one.id === id && (one.path.length === 0 || one.path[0] === field))
    supersede(history, textsIn(strategy === 'manual' ? old : [old, places]), textsIn(rest))
    await notes.update(id, { [field]: mint(history) })
  }
}

async function resolveSomething(history: History, device: Device, index: number): Promise<void> {
  const { notes } = device
  const conflict = history.random.pick(notes.conflicts())
  const { id, path, values } = conflict
  const winner = history.random.pick(values)
  history.log.push(`${index} resolve ${id} ${JSON.stringify(path)}`)
  const isDelete = path.length === 0 && winner.value === undefined
  supersede(history, isDelete ? textsOf(device, id) : textsIn(values), textsIn(winner.value))
  await notes.resolve(id, { path, pick: formatDot(winner.dot) })
}

/** What the devices of a history are. */
interface Cast {
  /** How many openings of its store each has. */
  readonly slots: readonly number[]
  /** Whether they are told of changes, and sync by themselves. */
  readonly isLive: boolean
  /** Whether they also have a second way, which they go over and back from. */
  readonly hasFallback?: boolean
}

async function run(seed: number, { slots, isLive, hasFallback = false }: Cast): Promise<History> {
  const random = seededRandom(seed)
  const strategy = STRATEGIES[seed % STRATEGIES.length] as Strategy
  const world = new World({ random })
  const devices: Device[] = []
  for (const count of slots) {
    const state = memoryState()
    for (let slot = 0; slot < count; slot++) {
      const options = { notes: { strategy }, random, state }
      if (hasFallback) devices.push(begin(await world.fallbackDevice(options), random))
      else devices.push(isLive ? begin(await world.liveDevice(options), random) : await world.device(options))
    }
  }
  const history: History = { strategy, random, world, devices, live: new Set(), log: [], texts: 0 }
  for (let step = 0; step < STEPS; step++) {
    const index = random.below(devices.length)
    const device = devices[index] as Device
    world.clock.advance(random.below(3))
    const choice = random.below(21)
    if (choice < 10) await writeSomething(history, device, index)
    else if (choice < 17) {
      device.link.losesReplies = random.chance(0.2) ? 1 : 0
      history.log.push(`${index} sync${device.link.losesReplies ? ', its reply lost' : ''}`)
      if (isLive) await happen(history, device, index)
      const round = device.engine.syncNow()
      await (isLive ? passing(world, round) : round)
      device.link.losesReplies = 0
    } else if (choice === 17) {
      history.log.push('server restarts')
      world.restart()
      for (const { link } of devices) if (link instanceof LiveLink) link.mend()
    } else if (choice === 18) {
      history.log.push(`${index} reopens`)
      const reopened = await device.reopen()
      devices[index] = isLive ? begin(reopened, random) : reopened
    } else if (choice === 19) {
      const other = random.below(devices.length)
      history.log.push(`${index} and ${other} write and sync at once`)
      const rounds = [device, devices[other] as Device].map(async (one) => one.engine.syncNow())
      const writes = [writeSomething(history, device, index), writeSomething(history, devices[other] as Device, other)]
      await passing(world, Promise.all([...rounds, ...writes]))
    } else {
      history.log.push(`${index} writes while it syncs`)
      const round = device.engine.syncNow()
      await writeSomething(history, device, index)
      await (isLive ? passing(world, round) : round)
    }
    if (isLive && random.chance(0.6)) await pause()
  }
  if (isLive) await calm(history)
  if (hasFallback) {
    // Whatever was missed before, each connection was a reason to pull; this has to be told.
    await wait(world)
    await devices[0]?.notes.create('last', { title: mint(history) })
    await calm(history)
  }
  if (!isLive) for (let round = 0; round < 3; round++) for (const device of devices) await device.sync()
  await pause()
  return history
}

/** Starts a device; of what it is told, some gets lost, or comes twice, or late, or as a hint. */
function begin<D extends Device>(device: D, random: SeededRandom): D {
  const { engine, link } = device
  if (link instanceof LiveLink) {
    let last: Told
    link.alter = (told) => {
      const late = last
      last = told
      if (random.chance(0.6)) return [told]
      return random.pick<readonly Told[]>([[], [told, told], [undefined], [told, late], [late]])
    }
  }
  engine.start()
  return device
}

/** Something happens to a connection. */
async function happen({ random, log, world }: History, device: Device, index: number): Promise<void> {
  const { link } = device
  if (!(link instanceof LiveLink)) return
  if (isTwoWay(device) && random.chance(0.5)) {
    const event = random.pick(['loses the second', 'has the second', 'wakes', 'waits'] as const)
    log.push(`${index} ${event}`)
    if (event === 'wakes') device.wake()
    else if (event !== 'waits') device.second.isDown = event === 'loses the second'
    device.second.losesReplies = random.chance(0.2) ? 1 : 0
    if (event === 'waits') await wait(world)
    return
  }
  const event = random.pick(['cut', 'mend', 'hold', 'release', 'endSubscription', 'nothing'] as const)
  log.push(`${index} ${event}`)
  if (event !== 'nothing') link[event]()
  world.clock.advance(random.below(400))
}

/** For longer than a lost way is waited for. */
async function wait(world: World): Promise<void> {
  for (let passed = 0; passed < 15; passed++) {
    world.clock.advance(1000)
    await pause()
  }
}

const isTwoWay = (device: Device): device is FallbackDevice => 'second' in device

/** All connections are good from now on, but that some have only their second way: nobody asks for a round any more. */
async function calm({ world, devices }: History): Promise<void> {
  for (const [index, device] of devices.entries()) {
    const { link } = device
    if (isTwoWay(device)) device.second.isDown = false
    if (!(link instanceof LiveLink)) continue
    link.alter = (told) => [told]
    link.release()
    if (isTwoWay(device) && index % 2 === 1) link.cut()
    else link.mend()
  }
  const isCalm = (): boolean =>
    devices.every(
      (device) =>
        device.engine.status.pending === 0 && isDeepStrictEqual(stateOf(device), stateOf(devices[0] as Device)),
    )
  // Not everything that arrives shows.
  const isEqual = async (): Promise<boolean> => {
    const { rows } = await serverDigests(world.store)
    const stored = await Promise.all(devices.map(({ state }) => storedDigest(state)))
    return stored.every((digest) => sameDigest(digest, rows))
  }
  for (let step = 0; step < 200 && !(isCalm() && (await isEqual())); step++) {
    await pause()
    world.clock.advance(500)
  }
}

const stateOf = ({ notes }: Device): object => ({ documents: notes.list(), conflicts: notes.conflicts() })

async function expectNothingLost(seed: number, cast: Cast): Promise<void> {
  const history = await run(seed, cast)
  const { devices, live, log, strategy } = history
  const story = `seed ${seed}, ${strategy}: ${log.join(' · ')}`
  const [first, ...others] = devices as [Device, ...Device[]]
  for (const device of others) expect({ story, ...stateOf(device) }).toEqual({ story, ...stateOf(first) })
  const open = devices.map(({ engine }) => engine.status.pending + engine.status.rejected)
  const texts = textsIn(stateOf(first))
  const lost = [...live].filter((text) => !texts.includes(text))
  expect({ story, open, lost }).toEqual({ story, open: devices.map(() => 0), lost: [] })
  for (const { engine } of devices) await engine.close()
  const { rows, record } = await serverDigests(history.world.store)
  const stored = await Promise.all(devices.map(({ state }) => storedDigest(state)))
  const mismatches = devices.map(({ engine }) => engine.statistics.mismatchesSeen)
  expect({ story, record, stored, mismatches }).toEqual({
    story,
    record: rows,
    stored: devices.map(() => rows),
    mismatches: devices.map(() => 0),
  })
}

test(
  `${HISTORIES} random histories end with everything everywhere, and with nothing lost`,
  { timeout: 60_000 },
  async () => {
    expect.hasAssertions()
    for (let seed = 1; seed <= HISTORIES; seed++) await expectNothingLost(seed, { slots: [1, 1, 1], isLive: false })
  },
)

test(`${HISTORIES} random histories of devices with several slots end so too`, { timeout: 60_000 }, async () => {
  expect.hasAssertions()
  for (let seed = 1; seed <= HISTORIES; seed++) await expectNothingLost(seed, { slots: [2, 3, 1], isLive: false })
})

test(`${LIVE_HISTORIES} random histories of live devices end so by themselves`, { timeout: 60_000 }, async () => {
  expect.hasAssertions()
  for (let seed = 1; seed <= LIVE_HISTORIES; seed++) await expectNothingLost(seed, { slots: [1, 2, 1], isLive: true })
})

test(
  `${FALLBACK_HISTORIES} random histories of devices with two ways to the server end so too`,
  { timeout: 60_000 },
  async () => {
    expect.hasAssertions()
    const cast = { slots: [1, 2, 1], isLive: true, hasFallback: true }
    for (let seed = 1; seed <= FALLBACK_HISTORIES; seed++) await expectNothingLost(seed, cast)
  },
)
