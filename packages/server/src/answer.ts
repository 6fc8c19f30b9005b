import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import { type Refusal, encodeRefusal } from '@whisker/protocol'
import { ANSWER_HEADERS, JSON_HEADERS, transportHeaders } from './answer-headers.ts'

/** Below this, compressing costs more than it saves. */
const GZIP_FROM_BYTES = 1024

const compress = promisify(gzip)

/** What is answered. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
  readonly code?: string
}

/** What becomes known of a request while it is answered: the log tells it. */
export interface Exchange {
  route: string
  space: string | undefined
  code: string | undefined
  /** Operations of a push, rows of a page, messages to a subscriber. */
  operations: number | undefined
  failure: readonly string[] | undefined
  bytes: number
}

export const newExchange = (route: string): Exchange => ({
  route,
  space: undefined,
  code: undefined,
  operations: undefined,
  failure: undefined,
  bytes: 0,
})

export const answerWith = (message: unknown): Answer => ({ status: 200, text: JSON.stringify(message) })

export function answerRefusal(status: number, refusal: Refusal): Answer {
  const headers = {
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(refusal.retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(refusal.retryAfterMs / 1000)) }),
  }
  return { status, headers, text: JSON.stringify(encodeRefusal(refusal)), code: refusal.code }
}

export async function respond(request: Request, exchange: Exchange, answer: Answer): Promise<Response> {
  const plain = Buffer.from(answer.text)
  const isCompressed = plain.byteLength > GZIP_FROM_BYTES && acceptsGzip(request.headers.get('accept-encoding'))
  const body = isCompressed ? await compress(plain, { level: constants.Z_BEST_SPEED }) : plain
  exchange.bytes = body.byteLength
  exchange.code = answer.code ?? exchange.code
  return new Response(body, {
    status: answer.status,
    headers: {
      ...JSON_HEADERS,
      ...transportHeaders(request.url),
      vary: 'accept-encoding, origin',
      ...answer.headers,
      'content-length': String(body.byteLength),
      ...(isCompressed && { 'content-encoding': 'gzip' }),
    },
  })
}

/** To a browser that asks before it sends; what it may is in the headers that `cors` adds. */
export const respondToPreflight = (request: Request): Response =>
  new Response(null, {
    status: 204,
    headers: { ...ANSWER_HEADERS, ...transportHeaders(request.url), vary: 'origin' },
  })

const acceptsGzip = (header: string | null): boolean =>
  (header ?? '').split(',').some((entry) => /^\s*(gzip|\*)\s*(;(?!\s*q=0(\.0*)?\s*$).*)?$/i.test(entry))
