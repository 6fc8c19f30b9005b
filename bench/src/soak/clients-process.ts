import { setTimeout as wait } from 'node:timers/promises'
import { type Digest, type Operation, sameDigest } from '@whisker/protocol'
import { webSocketTransport } from '@whisker/transport-ws'
import { answerCalls } from '../processes/answer-calls.ts'
import { AT_FIELD, Writer } from './writer.ts'
import { Follower, type Reading } from './follower.ts'
import { type Histogram, note } from './histogram.ts'

// A process of its own: many sockets, each with a subscriber of one space; some of them write.

interface Settings {
  readonly url: string
  readonly spaces: readonly string[]
  readonly sockets: number
}

/** What was written and read, since the last time. */
export interface Load {
  /** Writes that the server has taken. */
  readonly writes: number
  readonly failures: readonly string[]
  /** From a write to the moment that another subscriber has it, each time somebody has. */
  readonly seen: Histogram
  readonly reading: Reading
  /** Processor time. */
  readonly busyMs: number
}

export interface Settled {
  readonly equal: number
  /** Subscribers that did not come to hold what the server holds. */
  readonly different: readonly string[]
}

const WRITERS_PER_SPACE = 2
/** Of each writer. */
const DOCUMENTS = 20
const TICK_MS = 5
const LOOK_MS = 20

const followers: Follower[] = []
const writers: Writer[] = []
let writes = 0
let seen: number[] = []
let failures: string[] = []
let busyBefore = process.cpuUsage()

const commands = {
  /** Resolves when every subscriber is connected and has caught up. */
  async open({ url, spaces, sockets }: Settings): Promise<void> {
    for (let index = 0; index < sockets; index++) {
      const space = spaces[index % spaces.length] ?? ''
      const name = `${space}-${Math.floor(index / spaces.length)}`
      const transport = webSocketTransport({ url, token: name })
      const isWriter = index < WRITERS_PER_SPACE * spaces.length
      const follower = new Follower(transport, name, space, (operation) => {
        noteSeen(operation)
        writer?.sighted(operation)
      })
      const writer = isWriter ? new Writer(follower, DOCUMENTS) : undefined
      if (writer) writers.push(writer)
      followers.push(follower)
      follower.start()
    }
    while (!followers.every(({ isCaughtUp }) => isCaughtUp)) await wait(LOOK_MS)
  },
  /** Writes so many a second, spread over all writers, none of which waits for another. */
  async write(perSecond: number, ms: number): Promise<void> {
    const beginMs = performance.now()
    let begun = 0
    for (let nowMs = 0; nowMs < ms; nowMs = performance.now() - beginMs) {
      const due = Math.floor((nowMs * perSecond) / 1000)
      while (begun < due && writeOne(begun)) begun++
      await wait(TICK_MS)
    }
  },
  /** One write to each space. */
  async writeToEach(): Promise<void> {
    const first = writers.slice(0, writers.length / WRITERS_PER_SPACE)
    await Promise.all(first.map(async (writer) => writer.write()))
  },
  /** Resolves when all writes are taken. */
  async finishWriting(): Promise<void> {
    while (!writers.every(({ isIdle }) => isIdle)) await wait(LOOK_MS)
  },
  /** Resolves when every subscriber is connected and holds the same as the server, or the time is over. */
  async settle(spaces: readonly string[], digests: readonly Digest[], mostMs: number): Promise<Settled> {
    const expected = new Map(spaces.map((space, index) => [space, digests[index]]))
    const isEqual = (follower: Follower): boolean => {
      const digest = expected.get(follower.space)
      return follower.isConnected && digest !== undefined && sameDigest(follower.digest(), digest)
    }
    const beginMs = performance.now()
    while (!followers.every(isEqual) && performance.now() - beginMs < mostMs) await wait(LOOK_MS)
    const different = followers.filter((one) => !isEqual(one)).map(({ device }) => device.name)
    return { equal: followers.length - different.length, different }
  },
  /** What happened since this was last asked. */
  takeLoad(): Load {
    const reading: Reading = { frames: 0, hints: 0, pulls: 0, failures: 0 }
    for (const { reading: one } of followers) {
      for (const name of ['frames', 'hints', 'pulls', 'failures'] as const) {
        reading[name] += one[name]
        one[name] = 0
      }
    }
    const { user, system } = process.cpuUsage(busyBefore)
    const load = { writes, failures, seen, reading, busyMs: (user + system) / 1000 }
    busyBefore = process.cpuUsage()
    writes = 0
    seen = []
    failures = []
    return load
  },
  async close(): Promise<void> {
    await Promise.all(followers.map(async ({ transport }) => transport.close()))
  },
}
export type SoakClientsCommands = typeof commands

/** Whether somebody was idle. */
function writeOne(number: number): boolean {
  const from = number % writers.length
  const writer = [...writers.slice(from), ...writers.slice(0, from)].find(({ isIdle }) => isIdle)
  if (!writer) return false
  writer.write().then(
    () => writes++,
    (error: unknown) => failures.push(String(error)),
  )
  return true
}

function noteSeen({ delta }: Operation): void {
  for (const { path, value } of delta) {
    const at = path.length === 0 ? (value as { readonly [AT_FIELD]?: unknown } | undefined)?.[AT_FIELD] : undefined
    const time = path[0] === AT_FIELD ? value : at
    if (typeof time === 'number') note(seen, performance.now() - time)
  }
}

answerCalls(commands)
