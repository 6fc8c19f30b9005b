import { type Clock, LIMITS, type Random, systemClock, systemRandom } from '@whisker/protocol'
import {
  LONGEST_MS,
  type OptionRule,
  type TokenSource,
  type WakeSource,
  checkOptions,
  checkServerUrl,
  checkWhole,
  platformWakes,
} from '@whisker/protocol/transport'

export interface WebSocketTransportOptions {
  /**
   * Where the server is, with its path prefix if it has one: `wss` or `https`; `ws` or `http` only to this machine. The same
   * as that of the HTTP transport.
   */
  readonly url: string
  /** A bearer token, or what to ask for one before a socket is opened and whenever the server asks for another. */
  readonly token?: TokenSource | undefined
  /** How long one request may take, with the opening of a socket if there is none. A pull that waits gets its wait on top. */
  readonly timeoutMs?: number | undefined
  /** The most bytes of one message. A page may have to carry one large document whatever its size. */
  readonly maxAnswerBytes?: number | undefined
  /** Instead of the platform's. */
  readonly webSocket?: (new (url: string, protocols: string[]) => WebSocket) | undefined
  /** Instead of the machine's. */
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** What tells that the way to the server may have changed: by default coming online, going offline and becoming visible. */
  readonly wakes?: WakeSource | undefined
}

/** What sockets are shared by: everything that one is opened with. */
export interface LineSettings {
  /** Of the socket itself. */
  readonly url: string
  readonly token: TokenSource | undefined
  readonly maxAnswerBytes: number
  readonly webSocket: WebSocketTransportOptions['webSocket']
  readonly clock: Clock
  readonly random: Random
  readonly wakes: WakeSource
}

/** The options, checked and complete. */
export interface Settings {
  readonly timeoutMs: number
  readonly line: LineSettings
}

const TIMEOUT_MS = 15_000
/** 64 MiB: a row is bounded by what concurrent writers made of a document, which is many times one message. */
const ANSWER_BYTES = 16 * LIMITS.messageBytes

export function settingsFrom(options: WebSocketTransportOptions): Settings {
  checkOptions('webSocketTransport', RULES, options)
  return {
    timeoutMs: checkWhole('timeoutMs', options.timeoutMs ?? TIMEOUT_MS, LONGEST_MS),
    line: {
      url: socketUrl(options.url),
      token: options.token,
      maxAnswerBytes: checkWhole('maxAnswerBytes', options.maxAnswerBytes ?? ANSWER_BYTES, Number.MAX_SAFE_INTEGER),
      webSocket: options.webSocket,
      clock: options.clock ?? systemClock,
      random: options.random ?? systemRandom,
      wakes: options.wakes ?? platformWakes,
    },
  }
}

const RULES: Readonly<Record<keyof WebSocketTransportOptions, OptionRule>> = {
  url: undefined,
  token: ['a text or a function', 'string', 'function'],
  timeoutMs: undefined,
  maxAnswerBytes: undefined,
  webSocket: ['a class like WebSocket', 'function'],
  clock: ['an object with now() and after()', 'object'],
  random: ['an object with bytes() and fraction()', 'object'],
  wakes: ['a function', 'function'],
}

/** Both ways of writing a url are taken, and both end as one for sockets. */
function socketUrl(url: string): string {
  const asked = typeof url === 'string' ? url.replace(/^ws(?=s?:)/i, 'http') : url
  return `${checkServerUrl(asked).replace(/^http/, 'ws')}/v1/socket`
}
