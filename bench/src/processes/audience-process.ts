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

let writer: Writer | undefined
let readers: readonly Transport[] = []
/** How many subscribers have not seen the latest edit. */
let missing = 0
let allSeen: () => void = () => undefined

const commands = {
  async open({ url, space, readers: count, isLive }: Settings): Promise<void> {
    writer = new Writer(
      new Follower(webSocketTransport({ url, token: `${space}-writer` }), 'writer', space, () => undefined),
      1,
    )
    const { follower } = writer
    const followers = [follower]
    follower.start()
    readers = Array.from({ length: count }, (_, index) => webSocketTransport({ url, token: `${space}-${index}` }))
    for (const transport of isLive ? readers : []) {
      const reader = new Follower(transport, 'reader', space, () => {
        if (--missing === 0) allSeen()
      })
      followers.push(reader)
      reader.start()
    }
    while (!followers.every(({ isCaughtUp }) => isCaughtUp)) await wait(LOOK_MS)
  },
  /** The time from an edit to the moment that every subscriber has it. */
  tell: async (): Promise<number> =>
    timed(async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      missing = readers.length
      allSeen = resolve
      await current().write()
      await promise
    }),
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
