import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { onTestFinished } from 'vitest'

/** A wire to a port of this machine that can be cut, blocked and frozen. */
export interface Wire {
  readonly url: string
  /** How many connections were made through it. */
  readonly connections: number
  /** How many of them are open. */
  readonly open: number
  /** Ends all connections. */
  cut(): void
  /** Whether connections are refused. */
  isBlocked: boolean
  /** From now on nothing comes through the connections that are open, and neither side is told. */
  freeze(): void
}

export async function wireTo(url: string): Promise<Wire> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let connections = 0
  const wire = {
    isBlocked: false,
    url: '',
    get connections() {
      return connections
    },
    get open() {
      return pairs.size
    },
    cut() {
      for (const pair of pairs) for (const socket of pair) socket.destroy()
    },
    freeze() {
      for (const pair of pairs) for (const socket of pair) socket.unpipe().pause()
    },
  }
  const server: Server = createServer((near) => {
    if (wire.isBlocked) return void near.destroy()
    connections++
    const far = connect(Number(new URL(url).port), '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    for (const socket of pair) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        pairs.delete(pair)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far).pipe(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    wire.cut()
    server.close()
  })
  wire.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return wire
}
