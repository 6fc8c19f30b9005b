import type { SyncStore } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { headOf } from '../testing/hand.ts'
import type { Device } from './device.ts'
import type { WorldOptions } from './world-options.ts'
import { World } from './world.ts'

interface Story {
  readonly title?: string
  readonly body?: string
}
interface Stories {
  readonly stories: Story
}

const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS

type Options = Partial<Omit<WorldOptions, 'seed'>>

function newWorld({ collections = { stories: {} }, ...options }: Options = {}): World<Stories> {
  return new World<Stories>({ seed: 1, collections, ...options })
}

/** Two devices that hold a story. */
async function withStory(
  options: Options = {},
): Promise<{ world: World<Stories>; laptop: Device<Stories>; tablet: Device<Stories> }> {
  const world = newWorld(options)
  const [laptop, tablet] = [await world.device({ name: 'laptop' }), await world.device({ name: 'tablet' })]
  await world.run(() => laptop.collection('stories').create('dragon', { title: 'The Dragon' }))
  await world.settle()
  return { world, laptop, tablet }
}

const byText = (a = '', b = ''): number => (a < b ? -1 : 1)

const write = (world: World<Stories>, device: Device<Stories>, story: Story): Promise<void> =>
  world.run(() => device.collection('stories').update('dragon', story))

const shown = (device: Device<Stories>): unknown =>
  device
    .collection('stories')
    .list({ orderBy: 'title' })
    .map(({ value }) => value.title)

test('a story edited on two devices survives a partition and a crash', async () => {
  const world = new World<{ stories: { title: string } }>({ seed: 1, collections: { stories: {} } })
  const [laptop, tablet] = [await world.device(), await world.device()]
  await world.run(() => laptop.collection('stories').create('dragon', { title: 'The Dragon' }))
  await world.settle()
  world.part(tablet)
  await world.run(() => tablet.collection('stories').update('dragon', { title: 'The Last Dragon' }))
  world.crash(tablet)
  await world.settle()
  expect(world.converged()).toBe(true)
  expect(laptop.collection('stories').get('dragon')).toEqual({ title: 'The Last Dragon' })
})

test('a server that has to ask for long who may answers when it knows', async () => {
  const asked = newWorld({ rightsTakeMs: 1000 })
  const knew = newWorld()
  for (const world of [asked, knew]) {
    const [laptop] = [await world.device(), await world.device()]
    await world.run(() => laptop.collection('stories').create('dragon', { title: 'The Dragon' }))
    await world.settle()
    expect(world.converged()).toBe(true)
  }
  expect(asked.scheduler.nowMs).toBeGreaterThan(knew.scheduler.nowMs)
})

test('a device whose process is killed while it opens is started again', async () => {
  const world = newWorld({ faults: { late_crash: 0.7 } })
  const devices = [await world.device(), await world.device()]
  expect(world.faults.effects.late_crash).toBeGreaterThan(0)
  await world.settle()
  expect(devices.map(({ openings }) => openings.length)).toEqual([1, 1])
})

test.for([
  ['an hour ahead', HOUR_MS],
  ['an hour behind', -HOUR_MS],
  ['20 years ahead', 20 * YEAR_MS],
  ['20 years behind', -20 * YEAR_MS],
] as const)(
  'what is written on a device whose clock is %s arrives, and whoever has seen it writes over it',
  async ([, offsetMs]) => {
    const { world, laptop, tablet } = await withStory()
    tablet.wall.offsetMs = offsetMs
    await write(world, tablet, { title: 'with a wrong clock' })
    await world.settle()
    expect(shown(laptop)).toEqual(['with a wrong clock'])
    await write(world, laptop, { title: 'with a right clock' })
    await world.settle()
    expect([shown(laptop), shown(tablet), laptop.engine.status.conflicts]).toEqual([
      ['with a right clock'],
      ['with a right clock'],
      0,
    ])
    expect(world.converged()).toBe(true)
  },
)

test('two processes of a device see what either wrote, also without a server', async () => {
  const { world, laptop, tablet } = await withStory()
  await world.open(tablet)
  world.host.crash()
  const [first, second] = tablet.openings
  await world.run(() => first?.engine.collection('stories').update('dragon', { title: 'of the first' }))
  await world.run(() => second?.engine.collection('stories').create('swan', { title: 'of the second' }))
  await world.advance(10_000)
  const titles = tablet.openings.map(({ engine }) =>
    engine
      .collection('stories')
      .list()
      .map(({ value }) => value.title),
  )
  expect(titles.map((list) => list.toSorted(byText))).toEqual([
    ['of the first', 'of the second'],
    ['of the first', 'of the second'],
  ])
  await world.settle()
  expect(shown(laptop)).toEqual(['of the first', 'of the second'])
})

test('when one of two processes of a device is killed, the other goes on syncing', async () => {
  const { world, laptop, tablet } = await withStory()
  await world.open(tablet)
  tablet.openings[0]?.process.end()
  expect(tablet.openings).toHaveLength(1)
  await write(world, tablet, { title: 'of the other' })
  await world.settle()
  expect(shown(laptop)).toEqual(['of the other'])
  await write(world, laptop, { title: 'of the laptop' })
  await world.settle()
  expect(shown(tablet)).toEqual(['of the laptop'])
})

describe.for(['sqlite', 'memory'] as const)('on a server that stores in %s', (store) => {
  /** A world whose server is killed once, at a moment of its next write. */
  async function crashing(moment: 'in the transaction' | 'after the commit') {
    let isArmed = false
    const crash = (at: typeof moment): void => {
      if (!isArmed || at !== moment) return
      isArmed = false
      world.host.crash()
    }
    const observe = (inner: SyncStore): SyncStore => ({
      ...inner,
      write: async (space, work) => {
        const result = await inner.write(space, async (transaction) =>
          work({
            ...transaction,
            put: async (changes) => {
              await transaction.put(changes)
              crash('in the transaction')
            },
          }),
        )
        crash('after the commit')
        return result
      },
    })
    const { world, laptop, tablet } = await withStory({ store, observe })
    isArmed = true
    await write(world, tablet, { title: 'written in between' })
    await world.advance(10_000)
    return { world, laptop, tablet }
  }

  test('a server that is killed in the middle of a push has nothing of it, and gets it when it is there again', async () => {
    const { world, laptop, tablet } = await crashing('in the transaction')
    expect([world.host.isUp, await headOf(world), tablet.engine.status.pending]).toEqual([false, 1, 1])
    await world.settle()
    expect([await headOf(world), shown(laptop), tablet.engine.status.conflicts]).toEqual([2, ['written in between'], 0])
  })

  test('a server that is killed before it tells that it has a push has it once', async () => {
    const { world, laptop, tablet } = await crashing('after the commit')
    expect([world.host.isUp, await headOf(world), tablet.engine.status.pending]).toEqual([false, 2, 1])
    await world.settle()
    expect([await headOf(world), shown(laptop), tablet.engine.status.conflicts]).toEqual([2, ['written in between'], 0])
  })
})

/** Two devices that wrote without a connection, one after the other, and have met since. */
async function apart(
  strategy: 'auto_merge' | 'last_write_wins' | 'keep_both' | 'manual',
  laptopStory: Story,
  tabletStory: Story,
) {
  const { world, laptop, tablet } = await withStory({ collections: { stories: { strategy } } })
  for (const device of [laptop, tablet]) world.part(device)
  await write(world, laptop, laptopStory)
  await world.advance(1000)
  await write(world, tablet, tabletStory)
  await world.settle()
  const stories = laptop.collection('stories')
  const listed = stories.conflicts().map(({ path, values }) => ({ path, values: values.map(({ value }) => value) }))
  return { world, laptop, tablet, stories, listed }
}

describe('what two devices wrote unaware of each other', () => {
  test('auto_merge: different fields are merged', async () => {
    const { stories, listed } = await apart('auto_merge', { title: 'new' }, { body: 'Once.' })
    expect([stories.get('dragon'), listed]).toEqual([{ title: 'new', body: 'Once.' }, []])
  })

  test('auto_merge: of one field the latest is shown, and both are listed', async () => {
    const { stories, listed } = await apart('auto_merge', { title: 'first' }, { title: 'second' })
    expect(stories.get('dragon')).toEqual({ title: 'second' })
    expect(listed).toEqual([{ path: ['title'], values: ['first', 'second'] }])
  })

  test('last_write_wins: the latest document is shown, and both are listed', async () => {
    const { stories, listed } = await apart('last_write_wins', { title: 'first' }, { body: 'second' })
    expect(stories.get('dragon')).toEqual({ title: 'The Dragon', body: 'second' })
    expect(listed).toEqual([{ path: [], values: [{ title: 'first' }, { title: 'The Dragon', body: 'second' }] }])
  })

  test('keep_both: each is a document of its own', async () => {
    const { laptop, tablet, stories, listed } = await apart('keep_both', { title: 'first' }, { title: 'second' })
    expect([shown(laptop), shown(tablet), listed]).toEqual([['first', 'second'], ['first', 'second'], []])
    expect(stories.get('dragon')).toEqual({ title: 'second' })
  })

  test('manual: both stay listed until somebody settles it, on one device for all', async () => {
    const { world, laptop, tablet, listed } = await apart('manual', { title: 'first' }, { title: 'second' })
    expect(listed).toEqual([{ path: ['title'], values: ['first', 'second'] }])
    await write(world, tablet, { title: 'an ordinary edit' })
    await world.settle()
    expect(laptop.engine.status.conflicts).toBe(1)
    await world.run(() => tablet.collection('stories').resolve('dragon', { value: 'settled' }))
    await world.settle()
    expect([laptop.engine.status.conflicts, shown(laptop)]).toEqual([0, ['settled']])
  })
})

test('a device that asks now and then hears of what another wrote, and one that is connected hears it at once', async () => {
  const world = newWorld()
  const [writer, live] = [await world.device(), await world.device()]
  const asking = await world.device({ isLive: false })
  await world.advance(30_000)
  expect([live, asking].map(({ engine }) => engine.status.state)).toEqual(['live', 'idle'])
  await world.run(() => writer.collection('stories').create('dragon', { title: 'The Dragon' }))
  await world.scheduler.until(() => live.collection('stories').has('dragon'), 2000)
  expect([shown(live), shown(asking)]).toEqual([['The Dragon'], []])
  await world.advance(15_000)
  expect(shown(asking)).toEqual(['The Dragon'])
})

test('what a device had not committed when it was killed is lost, what it had is there', async () => {
  const { world, laptop, tablet } = await withStory()
  world.part(tablet)
  await write(world, tablet, { title: 'committed' })
  void tablet.collection('stories').update('dragon', { body: 'not committed' })
  world.crash(tablet)
  await world.settle()
  expect(laptop.collection('stories').get('dragon')).toEqual({ title: 'committed' })
})

test('a server that is killed and started again goes on in another epoch, with all that it had', async () => {
  const { world, laptop, tablet } = await withStory()
  const epoch = await currentEpoch(world)
  world.crashServer()
  await write(world, tablet, { title: 'after the crash' })
  await world.settle()
  expect(await currentEpoch(world)).not.toBe(epoch)
  expect(shown(laptop)).toEqual(['after the crash'])
})

const currentEpoch = async (world: World<Stories>): Promise<string | undefined> =>
  world.run(async () => world.host.store.read('shared', async (reader) => (await reader.space()).epochs.at(-1)?.id))

test('whatever strikes messages and commits, nothing that was told to be safe is lost', async () => {
  const faults = { drop: 0.1, reply_lost: 0.3, corrupt: 0.1, duplicate: 0.2, late_crash: 0.05, disk_full: 0.1 }
  const world = newWorld({ faults })
  world.faults.isOn = false
  for (const name of ['laptop', 'tablet']) await world.device({ name })
  const safe: string[] = []
  for (let number = 0; number < 30; number++) {
    world.faults.isOn = false
    for (const device of world.devices) if (device.openings.length === 0) await world.open(device)
    world.faults.isOn = true
    for (const { name, engine } of world.devices) {
      const title = `${number} of the ${name}`
      const written = engine.collection('stories').create(`${name}-${number}`, { title })
      written.then(() => safe.push(title), expectFullDisk)
    }
    await world.advance(2000)
  }
  await world.settle()
  expect(Object.keys(world.faults.effects).toSorted()).toEqual(Object.keys(faults).toSorted())
  for (const device of world.devices) expect(shown(device)).toEqual(expect.arrayContaining(safe))
  expect(safe.length).toBeGreaterThan(30)
})

function expectFullDisk(error: unknown): void {
  expect(error).toMatchObject({ code: 'disk_full' })
}

test('to settle ends what strikes all the time', async () => {
  const world = newWorld({ faults: { drop: 1 } })
  const [laptop, tablet] = [await world.device(), await world.device()]
  await world.run(() => laptop.collection('stories').create('dragon', { title: 'The Dragon' }))
  await world.advance(60_000)
  expect(shown(tablet)).toEqual([])
  await world.settle()
  expect(shown(tablet)).toEqual(['The Dragon'])
})

test('what strikes by itself strikes again once all has settled, unless it was off before', async () => {
  const world = newWorld({ faults: { drop: 1 } })
  const laptop = await world.device()
  const drops = async (): Promise<number> => {
    const before = world.faults.effects.drop ?? 0
    void laptop.collection('stories').create(`dragon-${before}`, { title: 'The Dragon' })
    await world.advance(HOUR_MS)
    return (world.faults.effects.drop ?? 0) - before
  }
  await world.settle()
  expect(await drops()).toBeGreaterThan(0)
  world.faults.isOn = false
  await world.settle()
  expect(await drops()).toBe(0)
})

test('the same seed gives the same course, another seed another', async () => {
  expect(await traceOf(1)).toBe(await traceOf(1))
  expect(await traceOf(1)).not.toBe(await traceOf(2))
})

const traceOf = async (seed: number): Promise<string> => {
  const world = new World<Stories>({ seed, collections: { stories: {} }, faults: { drop: 0.2, delay: 0.2 } })
  const device = await world.device()
  for (const id of ['a', 'b', 'c']) await world.run(() => device.collection('stories').create(id, { title: id }))
  await world.settle()
  return world.scheduler.trace
}

test('what keeps devices apart is told in words', async () => {
  const { world, tablet } = await withStory()
  world.part(tablet)
  await write(world, tablet, { title: 'unsent' })
  expect(world.converged()).toBe(false)
  expect(world.differences()).toEqual([expect.stringContaining('tablet.1 has 1 operations to send')])
  await expect(world.settle(0)).rejects.toThrow('tablet.1 has 1 operations to send')
})

test('a device without a process keeps the world apart while its disk holds something to send', async () => {
  const { world, laptop, tablet } = await withStory()
  world.crash(laptop)
  expect(world.converged()).toBe(true)
  world.part(tablet)
  await write(world, tablet, { title: 'unsent' })
  world.crash(tablet)
  expect(world.differences()).toEqual(['tablet has no process running, and 1 operations to send on its disk'])
  await world.settle()
  world.crash(tablet)
  expect(world.converged()).toBe(true)
})

test('work that is not done in time is an error, and so is an engine of a device that is off', async () => {
  const { world, tablet } = await withStory()
  await expect(world.run(() => new Promise(() => {}), 1000)).rejects.toThrow('1000 ms')
  world.crash(tablet)
  expect(() => tablet.engine).toThrow('No process of tablet is open')
})

test('what the server refuses is told on the device that wrote it, and on no other', async () => {
  const { world, laptop, tablet } = await withStory({
    validate: ({ document }) => (document === 'bad' ? { code: 'bad', message: 'No.' } : undefined),
  })
  await world.run(() => tablet.collection('stories').create('bad', { title: 'refused' }))
  await world.settle()
  expect(tablet.engine.rejected.list()).toMatchObject([{ reason: { code: 'bad' }, operation: { document: 'bad' } }])
  expect([laptop.engine.rejected.list(), shown(laptop)]).toEqual([[], ['The Dragon']])
})
