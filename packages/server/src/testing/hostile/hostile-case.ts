import { ANSWER_HEADERS } from '../../answer-headers.ts'
import type { RawAnswer, Sending } from './raw-exchange.ts'

/** One thing that nobody honest sends. */
export interface HostileCase {
  readonly name: string
  readonly sending: Sending
  /** The statuses and codes of the answers, like `400 bad_message`; '' where the connection ends without any. */
  readonly expected: string
}

/** What came back, as `expected` writes it. */
export const outcomeOf = (answers: readonly RawAnswer[]): string =>
  answers.map((answer) => `${answer.status} ${codeOf(answer)}`.trim()).join(', ')

/** The code of a refusal, or of what stopped a push; `ok` where there is neither, and nothing for an empty body. */
function codeOf({ body, status }: RawAnswer): string {
  if (body === '') return ''
  const { error, problem } = JSON.parse(body) as { error?: { code?: string }; problem?: readonly [code: string] }
  return error?.code ?? problem?.[0] ?? (status === 200 ? 'ok' : 'no code')
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
): readonly HostileCase[] =>
  Object.entries(table).map(([name, sent]) => ({
    name,
    expected,
    sending: typeof sent === 'string' || sent instanceof Uint8Array ? { bytes: sent } : sent,
  }))
