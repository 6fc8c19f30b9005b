import { LIMITS, type Transport, mintDeviceId, systemRandom } from '@whisker/protocol'
import { webSocketTransport } from '@whisker/transport-ws'
import { setTimeout as wait } from 'node:timers/promises'
import { Follower } from '../soak/follower.ts'
import { Writer } from '../soak/writer.ts'
import { answerCalls, timed } from './answer-calls.ts'

// A process of its own: somebody who writes to a space, and many who are told of it, or who fetch it, each over a socket.

interface Settings {
  readonly url: string
  readonly space: string
  readonly readers: number
  /** Whether the readers are subscribed; else they pull. */
  readonly isLive: boolean
}

const LOOK_MS = 5

function ignore(): void {}

let writer: Writer | undefined
let readers: readonly Transport[] = []
/** Where all stand before an edit, and how many of them still do. */
let before = 0
let missing = 0
let allSeen: () => void = ignore

const commands = {
  async open({ url, space, readers: count, isLive }: Settings): Promise<void> {
    writer = new Writer(new Follower(webSocketTransport({ url, token: `${space}-writer` }), 'writer', space, ignore), 1)
    const { follower } = writer
    const followers = [follower]
    follower.start()
    readers = Array.from({ length: count }, (_, index) => webSocketTransport({ url, token: `${space}-${index}` }))
    for (const transport of isLive ? readers : []) {
      const reader = new Follower(transport, 'reader', space, ignore, (from, to) => {
        if (from <= before && to > before && --missing === 0) allSeen()
      })
      followers.push(reader)
      reader.start()
    }
    while (!followers.every(({ isCaughtUp }) => isCaughtUp)) await wait(LOOK_MS)
  },
  /** The time from an edit to the moment that every subscriber has it. */
  async tell(): Promise<number> {
    const { follower } = current()
    const { promise, resolve } = Promise.withResolvers<void>()
    before = follower.cursor.since
    missing = readers.length
    allSeen = resolve
    const duration = await timed(async () => {
      await current().write()
      await promise
    })
    // The writer is told too that the space has moved on.
    while (follower.cursor.since === before) await wait(LOOK_MS)
    return duration
  },
  /** The time in which every reader fetches an edit that is there, by a pull of their own. */
  async fetch(): Promise<number> {
    const { follower } = current()
    const { space } = follower
    const device = { id: mintDeviceId(systemRandom), name: 'reader' }
    const { cursor } = follower
    await current().write()
    const request = { space, device, cursor, seen: cursor.since, acknowledged: [], limit: LIMITS.pageRows, waitMs: 0 }
    const duration = await timed(async () => Promise.all(readers.map(async (reader) => reader.pull(request))))
    while (follower.cursor.since === cursor.since) await wait(LOOK_MS)
    return duration
  },
  async close(): Promise<void> {
    await Promise.all([current().follower.transport, ...readers].map(async (transport) => transport.close()))
  },
}
export type AudienceCommands = typeof commands

function current(): Writer {
  if (!writer) throw new Error('Nobody is there yet.')
  return writer
}

answerCalls(commands)
