import { SyncEngine, memoryState } from '@whisker/engine'
import {
  type Clock,
  type DeviceId,
  type LiveFrame,
  type Member,
  type SubscribeRequest,
  type Subscription,
  type Transport,
} from '@whisker/protocol'
import { type ServerOptions, type SyncServer, createServer, serve, sqliteStore } from '@whisker/server'
import { onTestFinished } from 'vitest'
import { webSocketTransport } from '../node.ts'
import type { WebSocketTransportOptions } from '../options.ts'
import { type Wire, wireTo } from './wire.ts'

/** A real server, and a wire to it. */
export interface LivePlace {
  readonly server: SyncServer
  readonly wire: Wire
  readonly transport: (options?: Partial<WebSocketTransportOptions>) => Transport
  /** A device that syncs live. */
  readonly device: (space?: string, options?: Partial<WebSocketTransportOptions>) => Promise<Device>
}

export type Device = SyncEngine<{ readonly notes: { readonly title?: string } }>

export async function livePlace(options: Partial<ServerOptions> = {}): Promise<LivePlace> {
  const server = createServer({ store: sqliteStore(':memory:'), ...options })
  const running = await serve(server, { port: 0 })
  onTestFinished(async () => running.close())
  const wire = await wireTo(running.url)
  const transport: LivePlace['transport'] = (given = {}) => {
    const made = webSocketTransport({ url: wire.url, ...given })
    onTestFinished(async () => made.close())
    return made
  }
  return {
    server,
    wire,
    transport,
    async device(space = 'shared', given = {}) {
      const engine = await SyncEngine.open({
        space,
        state: memoryState(),
        transport: transport(given),
        collections: { notes: {} },
      })
      onTestFinished(async () => engine.close())
      engine.start()
      return engine
    },
  }
}

/** What a subscriber was told. */
export interface Told {
  readonly connected: boolean[]
  readonly frames: (LiveFrame | undefined)[]
  readonly members: (readonly Member[])[]
  readonly subscription: Subscription
}

export function subscribed(transport: Transport, changes: Partial<SubscribeRequest> = {}): Told {
  const request: SubscribeRequest = {
    space: 'shared',
    cursor: { epoch: undefined, since: 0, after: 0 },
    seen: 0,
    device: { id: 'device0000000000000000' as DeviceId, name: 'one' },
    acknowledged: [],
    ...changes,
  }
  const told = {
    connected: [] as boolean[],
    frames: [] as (LiveFrame | undefined)[],
    members: [] as (readonly Member[])[],
  }
  const subscription = transport.subscribe?.(request, {
    connected: (isConnected) => told.connected.push(isConnected),
    changed: (frame) => told.frames.push(frame),
    present: (members) => told.members.push(members),
  })
  if (!subscription) throw new Error('This transport is not live.')
  return { ...told, subscription }
}

/** Time that passes so many times as fast. */
export const fastClock = (times = 1000): Clock => {
  const began = Date.now()
  return {
    now: () => began + (Date.now() - began) * times,
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs / times)
      return () => clearTimeout(timer)
    },
  }
}

export async function until(isSo: () => boolean): Promise<void> {
  const giveUpMs = Date.now() + 20_000
  while (!isSo()) {
    if (Date.now() > giveUpMs) throw new Error('It did not come to that.')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
