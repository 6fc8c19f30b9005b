import { type Clock, LIMITS, systemClock } from '@whisker/protocol'
import {
  LONGEST_MS,
  type OptionRule,
  type TokenSource,
  checkOptions,
  checkServerUrl,
  checkWhole,
} from '@whisker/protocol/transport'

export interface HttpTransportOptions {
  /** Where the server is, with its path prefix if it has one. `https`, or `http` to this machine. */
  readonly url: string
  /** A bearer token, or what to ask for one before each request; undefined sends none. */
  readonly token?: TokenSource | undefined
  /** How long one request may take, from the token to the last byte of the answer. A pull that waits gets its wait on top. */
  readonly timeoutMs?: number | undefined
  /** The most bytes of one answer, unpacked. A page may have to carry one large document whatever its size. */
  readonly maxAnswerBytes?: number | undefined
  /** Instead of the platform's. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Instead of the machine's. */
  readonly clock?: Clock | undefined
}

/** The options, checked and complete. */
export interface Settings {
  /** Without a slash at its end. */
  readonly url: string
  readonly token: TokenSource | undefined
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
  readonly fetch: typeof globalThis.fetch | undefined
  readonly clock: Clock
}

const TIMEOUT_MS = 15_000
/** 64 MiB: a row is bounded by what concurrent writers made of a document, which is many times one message. */
const ANSWER_BYTES = 16 * LIMITS.messageBytes

export function settingsFrom(options: HttpTransportOptions): Settings {
  checkOptions('httpTransport', RULES, options)
  return {
    url: checkServerUrl(options.url),
    token: options.token,
    timeoutMs: checkWhole('timeoutMs', options.timeoutMs ?? TIMEOUT_MS, LONGEST_MS),
    maxAnswerBytes: checkWhole('maxAnswerBytes', options.maxAnswerBytes ?? ANSWER_BYTES, Number.MAX_SAFE_INTEGER),
    fetch: options.fetch,
    clock: options.clock ?? systemClock,
  }
}

const RULES: Readonly<Record<keyof HttpTransportOptions, OptionRule>> = {
  url: undefined,
  token: ['a text or a function', 'string', 'function'],
  timeoutMs: undefined,
  maxAnswerBytes: undefined,
  fetch: ['a function', 'function'],
  clock: ['an object with now() and after()', 'object'],
}
