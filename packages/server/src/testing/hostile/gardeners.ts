import { once } from 'node:events'
import { SOCKET_PROTOCOL, encodeToServer } from '@whisker/protocol'
import { WebSocket } from 'ws'
import { type Send, TestClient } from '../test-client.ts'

export interface Gardener {
  /** Pushes something and pulls what the other one pushed. Throws if anything of that fails. */
  work(): Promise<void>
  close(): void
}

/** Who goes on syncing while others attack: one over HTTP, one over a socket, in the same space. */
export async function gardeners(port: number): Promise<readonly Gardener[]> {
  const socket = await socketSend(port)
  const token = { authorization: 'Bearer gardener' }
  const clients = [
    await new TestClient(httpSend(port), 'gardener', 'garden', token).meet(),
    await new TestClient(socket.send, 'gardener-live', 'garden').meet(),
  ]
  return clients.map((client, index) => ({
    async work() {
      client.create(`bed-${index}-${client.counter}`, { n: client.counter })
      await client.push()
      if (client.outbox.length > 0) throw new Error(`${client.device.name} has pushed, and not all of it was taken.`)
      const { head } = await client.pull()
      if (client.cursor.since !== head)
        throw new Error(`${client.device.name} is at ${client.cursor.since} of ${head}.`)
    },
    close: () => socket.close(),
  }))
}

export const httpSend =
  (port: number): Send =>
  async (request) =>
    fetch(request.url.replace('http://localhost', `http://127.0.0.1:${port}`), {
      method: request.method,
      headers: request.headers,
      ...(request.method !== 'GET' && { body: await request.text() }),
    })

/** Sends over a socket what a request says. */
async function socketSend(port: number): Promise<{ readonly send: Send; close(): void }> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`, SOCKET_PROTOCOL)
  const answers = new Map<number, (response: Response) => void>()
  let lastNumber = 0
  await once(webSocket, 'open')
  const welcome = once(webSocket, 'message')
  webSocket.send(encodeToServer({ kind: 'hello', token: 'gardener' }))
  await welcome
  webSocket.on('message', (data: Buffer) => {
    const [kind, number, status, message] = JSON.parse(data.toString()) as [string, number, number, unknown]
    if (kind === 'answer') answers.get(number)?.(new Response(JSON.stringify(message), { status }))
  })
  const over = once(webSocket, 'close').then(([code]): never => {
    throw new Error(`The gardener's socket was closed with ${String(code)}.`)
  })
  // Whoever waits for an answer is told.
  over.catch(() => undefined)
  return {
    async send(request) {
      const { pathname, searchParams } = new URL(request.url)
      const [, , , space = ''] = pathname.split('/')
      const number = ++lastNumber
      const { promise, resolve } = Promise.withResolvers<Response>()
      answers.set(number, resolve)
      const text =
        request.method === 'POST'
          ? encodeToServer({ kind: 'push', number, space, message: await request.json() })
          : encodeToServer({ kind: 'pull', number, space, parameters: Object.fromEntries(searchParams) })
      webSocket.send(text)
      return Promise.race([promise, over])
    },
    close: () => webSocket.terminate(),
  }
}
