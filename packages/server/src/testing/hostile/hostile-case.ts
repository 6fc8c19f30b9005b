import { ANSWER_HEADERS } from '../../answer-headers.ts'
import type { PortName } from './hostile-ports.ts'
import type { RawAnswer, Sending } from './raw-exchange.ts'
import { type Talk, saidIn } from './socket-exchange.ts'

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

/** What came back, as `expected` writes it. */
export const outcomeOf = (answers: readonly RawAnswer[]): string =>
  answers.map(({ status, body }) => `${status} ${codeOf(shownIn(status, body))}`.trim()).join(', ')

const codeOf = (shown: string): string => /^[a-z_]+/.exec(shown)?.[0] ?? ''

/** The same with the words beside the codes. */
export const shownBy = (answers: readonly RawAnswer[]): string =>
  answers.map(({ status, body }) => `${status} ${shownIn(status, body)}`.trim()).join(', ')

/** `ok` where nothing was refused, and nothing for an empty body. */
function shownIn(status: number, body: string): string {
  if (body === '') return ''
  const shown = saidIn(JSON.parse(body))
  return shown === 'ok' && status !== 200 ? 'no code' : shown
}

/** What every answer has to have and must not have. */
export function wrongHeaders({ headers }: RawAnswer): string[] {
  const missing = Object.entries(ANSWER_HEADERS).filter(([name, value]) => headers.get(name) !== value)
  const telling = ['server', 'x-powered-by', 'via'].filter((name) => headers.has(name))
  return [...missing.map(([name]) => `no ${name}`), ...telling.map((name) => `a ${name}`)]
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
