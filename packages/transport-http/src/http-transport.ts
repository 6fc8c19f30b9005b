import {
  type RequestOptions,
  SyncError,
  type Transport,
  checkName,
  decodePage,
  decodeReceipt,
  decodeServerVersion,
  encodePull,
  encodePush,
  isSyncError,
  parseJson,
  utf8Length,
} from '@whisker/protocol'
import { LONGEST_MS, closedError, untilEnd } from '@whisker/protocol/transport'
import ky, { isNetworkError } from 'ky'
import { readText } from './answer-body.ts'
import { authorization } from './authorization.ts'
import { type HttpTransportOptions, type Settings, settingsFrom } from './options.ts'
import { refusalError } from './refusals.ts'

const AVAILABLE_MS = 3000

interface Call<T> {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs: number
  readonly decode: (message: unknown) => T
}

/** The way to a server over HTTP. Throws at once what is wrong with its options; opens no connection by itself. */
export function httpTransport(options: HttpTransportOptions): Transport {
  const settings = settingsFrom(options)
  const { url, timeoutMs, clock } = settings
  const closing = new AbortController()

  const spaceUrl = (space: string, resource: string): string => {
    checkName(space, 'space')
    return `${url}/v1/spaces/${encodeURIComponent(space)}/${resource}`
  }

  const request = <T>(call: Call<T>, { signal, meter }: RequestOptions = {}): Promise<T> => {
    const ends = { timeoutMs: call.timeoutMs, clock, signal, closing: closing.signal, what: nameOf(call) }
    return untilEnd(ends, (ending) => answerTo(call, settings, ending, meter))
  }

  const whileOpen = async <T>(work: () => Promise<T>): Promise<T> => {
    if (closing.signal.aborted) throw closedError()
    return work()
  }

  return {
    version: (space, requestOptions) =>
      whileOpen(() =>
        request(
          { method: 'GET', url: spaceUrl(space, 'version'), timeoutMs, decode: decodeServerVersion },
          requestOptions,
        ),
      ),
    pull: (pull, requestOptions) =>
      whileOpen(() =>
        request(
          {
            method: 'GET',
            url: spaceUrl(pull.space, 'operations'),
            query: encodePull(pull),
            timeoutMs: Math.min(timeoutMs + pull.waitMs, LONGEST_MS),
            decode: decodePage,
          },
          requestOptions,
        ),
      ),
    push: (push, requestOptions) =>
      whileOpen(() =>
        request(
          {
            method: 'POST',
            url: spaceUrl(push.space, 'operations'),
            body: JSON.stringify(encodePush(push)),
            timeoutMs,
            decode: decodeReceipt,
          },
          requestOptions,
        ),
      ),
    async isAvailable({ signal } = {}) {
      const call = { method: 'GET', url: `${url}/health` } as const
      const ends = { timeoutMs: AVAILABLE_MS, clock, signal, closing: closing.signal, what: nameOf(call) }
      try {
        return await untilEnd(ends, async (ending) => {
          const response = await send(call, settings, undefined, ending)
          response.body?.cancel().catch(() => undefined)
          return response.status === 200
        })
      } catch {
        return false
      }
    },
    async close() {
      closing.abort()
    },
  }
}

async function answerTo<T>(
  call: Call<T>,
  settings: Settings,
  signal: AbortSignal,
  meter: RequestOptions['meter'],
): Promise<T> {
  const credential = await authorization(settings.token)
  signal.throwIfAborted()
  const what = nameOf(call)
  try {
    if (call.body !== undefined) meter?.('sent', utf8Length(call.body))
    const response = await send(call, settings, credential, signal)
    const { status } = response
    const received = (bytes: number): void => meter?.('received', bytes)
    if (response.ok) return decoded(call, status, await readText(response, settings.maxAnswerBytes, received))
    // The status says enough where the body cannot be had
    const text = await readText(response, settings.maxAnswerBytes, received).catch(() => '')
    throw refusalError({ what, status, retryAfter: response.headers.get('retry-after'), text }, settings.clock)
  } catch (thrown) {
    throw isSyncError(thrown) ? thrown : noAnswer(what, thrown)
  }
}

/**
 * One request, never repeated here: the engine retries. Nothing is cached, no cookie travels, and a redirect is an
 * error, so that a token goes nowhere but to the server it is for.
 */
async function send(
  { method, url, query, body }: Pick<Call<unknown>, 'method' | 'url' | 'query' | 'body'>,
  { fetch }: Settings,
  credential: string | undefined,
  signal: AbortSignal,
): Promise<Response> {
  return ky(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(credential !== undefined && { authorization: credential }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(query && { searchParams: query }),
    ...(body !== undefined && { body }),
    ...(fetch && { fetch }),
    retry: 0,
    timeout: false,
    throwHttpErrors: false,
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    referrerPolicy: 'no-referrer',
    signal,
  })
}

function decoded<T>({ decode, ...call }: Call<T>, status: number, text: string): T {
  try {
    return decode(parseJson(text))
  } catch (cause) {
    throw new SyncError('bad_message', `${nameOf(call)} was answered with something else: ${textOf(cause)}`, {
      fix: 'Check that the url leads to a Whisker Sync server; the login page of a network may be answering in its place.',
      cause,
      details: { status },
    })
  }
}

/** The cause is what the platform threw: the client's own error would carry the request, and with it the token. */
function noAnswer(what: string, thrown: unknown): SyncError {
  const cause: unknown = isNetworkError(thrown) ? thrown.cause : thrown
  return new SyncError('network', `${what} had no answer: ${textOf(cause)}.`, {
    fix: 'Check the connection and the url, and in a page that the server lists its origin in `cors`; it is tried again.',
    cause,
  })
}

/** Node says "fetch failed", and what failed in the cause. */
function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const { cause } = thrown
  if (!(cause instanceof Error)) return thrown.message
  return cause.message || ('code' in cause ? String(cause.code) : thrown.message)
}

/** Without the parameters, which hold ids. */
const nameOf = ({ method, url }: Pick<Call<unknown>, 'method' | 'url'>): string => `${method} ${url}`
