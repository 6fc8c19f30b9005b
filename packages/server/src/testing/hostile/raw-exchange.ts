import { type Socket, connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What goes over the wire, byte for byte, and how. */
export interface Sending {
  readonly bytes: string | Uint8Array
  /** Sent again and again after `bytes`, until the server answers. */
  readonly endless?: string
  /** Sent byte by byte after `bytes`, with this pause before each. */
  readonly drip?: { readonly bytes: string; readonly everyMs: number }
  /** Hangs up after `bytes`: closes its half, or resets the connection. */
  readonly hangUp?: 'half' | 'reset'
}

export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** The longest that an answer may take before the connection counts as hanging. */
const PATIENCE_MS = 15_000

/** Sends, and reads until the server closes the connection. Every request here says `connection: close` or is no request. */
export async function exchange(port: number, sending: Sending): Promise<readonly RawAnswer[]> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const chunks: Buffer[] = []
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk))
  // A server that refuses closes while much is still on its way: that resets the connection.
  for (const event of ['end', 'close', 'error']) socket.on(event, () => resolve())
  await send(socket, sending, () => chunks.length > 0 || socket.destroyed || socket.readableEnded)
  const hanging = new AbortController()
  await Promise.race([ended, delay(PATIENCE_MS, undefined, { signal: hanging.signal }).catch(() => undefined)])
  hanging.abort()
  const isHanging = !socket.readableEnded && !socket.destroyed
  socket.destroy()
  if (isHanging) throw new Error(`The connection is still open after ${PATIENCE_MS} ms.`)
  return answersIn(Buffer.concat(chunks))
}

async function send(socket: Socket, sending: Sending, isAnswered: () => boolean): Promise<void> {
  const { bytes, endless, drip, hangUp } = sending
  await write(socket, bytes)
  if (endless !== undefined) while (!isAnswered()) await write(socket, endless)
  for (const byte of drip?.bytes ?? '') {
    await delay(drip?.everyMs)
    if (isAnswered()) break
    await write(socket, byte)
  }
  if (hangUp === 'half') socket.end()
  if (hangUp === 'reset') socket.resetAndDestroy()
}

/** Resolves when the bytes are on their way, or nobody is there to take them. */
export const write = async (socket: Socket, bytes: string | Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    const onClose = (): void => resolve()
    socket.once('close', onClose)
    socket.write(bytes, () => {
      socket.off('close', onClose)
      resolve()
    })
  })

export function answersIn(bytes: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = []
  let at = 0
  while (at < bytes.length) {
    const bodyAt = bytes.indexOf('\r\n\r\n', at) + 4
    if (bodyAt < 4) throw new Error(`Expected the head of an answer, got ${bytes.subarray(at).toString()}`)
    const [statusLine = '', ...lines] = bytes
      .subarray(at, bodyAt - 4)
      .toString()
      .split('\r\n')
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1])
    at = bodyAt + Number(headers.get('content-length') ?? 0)
    // Leave to go on is not an answer yet.
    if (status !== 100) answers.push({ status, headers, body: bytes.subarray(bodyAt, at).toString() })
  }
  return answers
}
