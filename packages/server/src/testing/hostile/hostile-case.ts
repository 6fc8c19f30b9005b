import type { PortName } from './hostile-ports.ts'
import type { Sending } from './raw-exchange.ts'
import type { Talk } from './socket-exchange.ts'

/** One thing that nobody honest sends. */
export type HostileCase = HostileRequest | HostileTalk

interface CaseParts {
  readonly name: string
  /** Where it is sent to, if that is not `main`. */
  readonly port?: PortName
  /** The status and code of what comes back, like `400 bad_message`; '' where the connection ends without any. */
  readonly expected?: string
  /** The name of the check that refuses it; `none` if it does no harm. */
  readonly check?: string
}

/** Requests over HTTP on one connection. */
export interface HostileRequest extends CaseParts {
  readonly sending: Sending
}

/** What is said on a socket, or the request that should open one. */
export interface HostileTalk extends CaseParts {
  readonly kind: 'upgrade' | 'frame'
  readonly talk: Talk
  /** The message that it is made of, if it is one text. */
  readonly text?: string
}

export interface RequestParts {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: string | Uint8Array
}

export const OPERATIONS = '/v1/spaces/stories/operations'
export const VERSION = '/v1/spaces/stories/version'

/** A request as bytes; a header that is `undefined` is left out. A body has its length and type, unless told otherwise. */
export function request({ method = 'GET', path = VERSION, headers = {}, body }: RequestParts): Uint8Array {
  const all: Record<string, string | undefined> = {
    host: 'localhost',
    connection: 'close',
    authorization: 'Bearer mallory',
    ...(body !== undefined && {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    }),
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]))
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), Buffer.from(body ?? '')])
}

export const post = (body: string | Uint8Array, headers: RequestParts['headers'] = {}): Uint8Array =>
  request({ method: 'POST', path: OPERATIONS, headers, body })

/** A table of requests that are all answered alike. */
export const allAnswered = (
  expected: string,
  table: Readonly<Record<string, Sending['bytes'] | Sending>>,
): readonly HostileRequest[] =>
  Object.entries(table).map(([name, sent]) => ({
    name,
    expected,
    sending: typeof sent === 'string' || sent instanceof Uint8Array ? { bytes: sent } : sent,
  }))
