import type { LiveFrame, Subscription } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { Hand, headOf } from '../testing/hand.ts'
import type { FaultOptions } from './faults.ts'
import { SPACE, World } from './world.ts'

/** The longest that a message takes. */
const MOST_LATENCY_MS = 60
const LARGE = { text: 'x'.repeat(400_000) }

interface Listening {
  readonly world: World
  /** Who writes, over a way of their own. */
  readonly writer: Hand
  readonly reader: Hand
  readonly subscription: Subscription
  /** Whether the connection was there, each time that it came or went. */
  readonly states: boolean[]
  /** What the reader was told: the documents of a frame, or `hint`. */
  readonly heard: string[]
  readonly frames: LiveFrame[]
}

/** Somebody who is connected and hears of changes; the faults strike from then on. */
async function listening(faults: FaultOptions = {}): Promise<Listening> {
  const world = new World({ seed: 1, collections: {}, store: 'memory', faults })
  world.faults.isOn = false
  const [writer, reader] = [await new Hand(world, 'ann').meet(), await new Hand(world, 'bob').meet()]
  await writeOf({ world, writer }, 'before')
  const states: boolean[] = []
  const heard: string[] = []
  const frames: LiveFrame[] = []
  const subscription = reader.live.subscribe(reader.subscribeRequest(), {
    connected: (isConnected) => states.push(isConnected),
    changed: (frame) => {
      heard.push(frame ? frame.rows.map(({ document }) => document).join() : 'hint')
      if (frame) frames.push(frame)
    },
  })
  await world.advance(1000)
  world.faults.isOn = true
  return { world, writer, reader, subscription, states, heard, frames }
}

async function writeOf(
  { world, writer }: Pick<Listening, 'world' | 'writer'>,
  document: string,
  value = {},
): Promise<void> {
  writer.create(document, value)
  await world.run(() => writer.push())
}

test('a frame reaches the listener, and goes on where it was or where the one before ended', async () => {
  const all = await listening()
  for (const document of ['dragon', 'swan']) {
    await writeOf(all, document)
    await all.world.advance(1000)
  }
  expect([all.states, all.heard]).toEqual([[true], ['dragon', 'swan']])
  expect(all.frames.map(({ from, since }) => [from, since])).toEqual([
    [1, 2],
    [2, 3],
  ])
})

test('a connection that is half open brings nothing, ends as lost, and is made anew', async () => {
  const all = await listening({ half_open: 1 })
  await writeOf(all, 'dragon')
  await all.world.advance(30_000)
  expect([all.states, all.heard]).toEqual([[true], []])
  all.world.faults.isOn = false
  await all.world.advance(30_000)
  expect([all.states, all.heard]).toEqual([[true, false, true], []])
  expect(all.world.faults.effects).toEqual({ half_open: 1 })
  await writeOf(all, 'swan')
  await all.world.advance(1000)
  expect(all.heard).toEqual(['swan'])
})

test('a slow reader gets every frame, late and in order, and counts where one waited behind another', async () => {
  const all = await listening({ slow_reader: 1 })
  await writeOf(all, 'dragon')
  await writeOf(all, 'swan')
  expect(all.heard).toEqual([])
  await all.world.advance(10 * 60_000)
  expect([all.states, all.heard]).toEqual([[true], ['dragon', 'swan']])
  expect(all.world.faults.effects).toEqual({ slow_reader: 1 })
})

test('a reader that has much before it is told to pull, and of no more until it has read', async () => {
  const all = await listening({ slow_reader: 1 })
  for (let number = 0; number < 8; number++) await writeOf(all, `large-${number}`, LARGE)
  all.world.faults.isOn = false
  await all.world.advance(10 * 60_000)
  const frames = all.heard.filter((what) => what !== 'hint')
  expect(frames).toEqual(Array.from({ length: frames.length }, (_, number) => `large-${number}`))
  expect(frames.length).toBeLessThan(8)
  expect(all.heard.slice(frames.length)).toEqual(['hint', 'hint'])
  await writeOf(all, 'swan')
  await all.world.advance(1000)
  expect([all.states, all.heard.at(-1)]).toEqual([[true], 'swan'])
})

test('what is sent on a way that is cut does not arrive, and the connection ends as lost', async () => {
  const all = await listening()
  all.reader.way.isCut = true
  await writeOf(all, 'dragon')
  await all.world.advance(5 * 60_000)
  expect([all.states, all.heard]).toEqual([[true, false], []])
  all.reader.way.isCut = false
  await all.world.advance(30_000)
  expect(all.states).toEqual([true, false, true])
})

test('a connection ends when the server is killed, and is made anew when it is there again', async () => {
  const all = await listening()
  all.world.host.crash()
  await all.world.advance(60_000)
  expect(all.states).toEqual([true, false])
  all.world.host.start()
  await all.world.advance(30_000)
  expect(all.states).toEqual([true, false, true])
})

test('who loses the right to read is not told any more, at once if the server is told', async () => {
  const all = await listening()
  all.world.host.takeRights('bob', ['read'], true)
  await writeOf(all, 'dragon')
  await all.world.advance(1000)
  expect([all.states, all.heard]).toEqual([[true, false], []])
})

test('who loses the right to read is let go within a minute though nobody says anything', async () => {
  const all = await listening()
  all.world.host.takeRights('bob', ['read'], false)
  await all.world.advance(60_000 + MOST_LATENCY_MS)
  expect(all.states).toEqual([true, false])
})

test('the server lets go of who stands still, and asks nothing for them any more', async () => {
  const all = await listening()
  const { events } = all.world.scheduler
  all.reader.process.suspend()
  await all.world.advance(30 * 24 * 3_600_000)
  expect(all.world.scheduler.events - events).toBeLessThan(100)
  await writeOf(all, 'dragon')
  all.reader.process.resume()
  await all.world.advance(30_000)
  expect([all.states, all.heard]).toEqual([[true, false, true], []])
})

test('who stands still for a moment goes on as before', async () => {
  const all = await listening()
  all.reader.process.suspend()
  await all.world.advance(40_000)
  all.reader.process.resume()
  all.reader.process.suspend()
  await all.world.advance(40_000)
  await writeOf(all, 'dragon')
  all.reader.process.resume()
  await all.world.advance(1000)
  expect([all.states, all.heard]).toEqual([[true], ['dragon']])
})

test.for(['the subscription', 'the link', 'the process'])(
  'after the end of %s nothing is sent or heard, and nothing is tried',
  async (what) => {
    // Would strike whatever was still sent.
    const all = await listening({ half_open: 1 })
    if (what === 'the subscription') all.subscription.close()
    if (what === 'the link') await all.reader.live.close()
    if (what === 'the process') all.reader.process.end()
    await writeOf(all, 'dragon')
    all.world.crashServer()
    await all.world.advance(5 * 60_000)
    expect([all.states, all.heard, all.world.faults.effects]).toEqual([[true], [], {}])
  },
)

test('who subscribes while there is no way is connected once there is one', async () => {
  const all = await listening()
  all.subscription.close()
  all.reader.way.isCut = true
  const states: boolean[] = []
  all.reader.live.subscribe(all.reader.subscribeRequest(), { changed: () => {}, connected: (is) => states.push(is) })
  await all.world.advance(5 * 60_000)
  expect(states).toEqual([])
  all.reader.way.isCut = false
  await all.world.advance(30_000)
  expect(states).toEqual([true])
})

test('a push over the connection that is open does not come back over it', async () => {
  const all = await listening()
  all.reader.create('own')
  await all.world.run(() => all.reader.push(all.reader.live))
  await all.world.advance(1000)
  // A frame without rows says how far the space has come.
  expect(all.heard).toEqual([''])
  all.reader.create('own-by-another-way')
  await all.world.run(() => all.reader.push())
  await all.world.advance(1000)
  expect(all.heard).toEqual(['', 'own-by-another-way'])
})

test.for(['truncate', 'corrupt'] as const)('what is damaged on its way ends the connection: %s', async (fault) => {
  const all = await listening({ [fault]: 1 })
  const version = all.reader.live.version(SPACE)
  await expect(all.world.run(() => version)).rejects.toMatchObject({ code: 'bad_message' })
  await all.world.advance(1000)
  expect([all.states, all.heard]).toEqual([[true, false], []])
  all.world.faults.isOn = false
  await all.world.advance(30_000)
  expect(all.states).toEqual([true, false, true])
})

test('a push whose answer gets lost fails with the connection, and is stored', async () => {
  const all = await listening({ reply_lost: 1 })
  all.reader.create('own')
  await expect(all.world.run(() => all.reader.push(all.reader.live))).rejects.toMatchObject({ code: 'network' })
  all.world.faults.isOn = false
  await all.world.advance(120_000)
  expect([all.states, await headOf(all.world)]).toEqual([[true, false, true], 2])
})

test('who asks with a token that has expired is told so and let go, until it is good again', async () => {
  const all = await listening()
  all.world.host.expired.add('bob')
  all.reader.create('own')
  await expect(all.world.run(() => all.reader.push(all.reader.live))).rejects.toMatchObject({ code: 'needs_auth' })
  await all.world.advance(5 * 60_000)
  expect(all.states).toEqual([true, false])
  all.world.host.expired.clear()
  await all.world.advance(30_000)
  expect(all.states).toEqual([true, false, true])
})

test('a server that stops tells those who are connected, and waits no longer for one who is half open', async () => {
  const all = await listening({ half_open: 1 })
  await writeOf(all, 'dragon')
  all.world.faults.isOn = false
  const other = new Hand(all.world, 'cid')
  const states: boolean[] = []
  other.live.subscribe(other.subscribeRequest(), { changed: () => {}, connected: (is) => states.push(is) })
  await all.world.advance(1000)
  await all.world.run(() => all.world.host.stop('server_stop'))
  expect([states, all.states]).toEqual([[true, false], [true]])
})
