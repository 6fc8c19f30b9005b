import { gzipSync } from 'node:zlib'

/** What went over the line, in bytes of bodies as the two ends see them, unpacked. */
export interface Traffic {
  readonly requests: number
  /** Paths and parameters: a pull has no other body. */
  readonly targets: number
  readonly sent: number
  readonly received: number
  /** Each answer's body packed by itself. */
  readonly receivedPacked: number
}

const NOTHING: Traffic = { requests: 0, targets: 0, sent: 0, received: 0, receivedPacked: 0 }

let traffic = NOTHING

export const meteredFetch: typeof fetch = async (input, init) => {
  const request = new Request(input, init)
  const sent = request.body ? (await request.clone().arrayBuffer()).byteLength : 0
  const response = await fetch(request)
  const body = await response.arrayBuffer()
  const { pathname, search } = new URL(request.url)
  traffic = {
    requests: traffic.requests + 1,
    targets: traffic.targets + pathname.length + search.length,
    sent: traffic.sent + sent,
    received: traffic.received + body.byteLength,
    receivedPacked: traffic.receivedPacked + gzipSync(body).byteLength,
  }
  return new Response(body, response)
}

/** What went over since the last call. */
export function takeTraffic(): Traffic {
  const taken = traffic
  traffic = NOTHING
  return taken
}
