import { type Clock, LIMITS, SyncError, systemClock } from '@whisker/protocol'
import { checkServerUrl, kindOf } from './server-url.ts'

/** A bearer token, or what to ask for one before each request; undefined sends none. */
export type TokenSource = string | (() => string | undefined | Promise<string | undefined>)

export interface HttpTransportOptions {
  /** Where the server is, with its path prefix if it has one. `https`, or `http` to this machine. */
  readonly url: string
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

/** The longest time that a timer can wait. */
export const LONGEST_MS: number = 2 ** 31 - 1
const TIMEOUT_MS = 15_000
/** 64 MiB: a row is bounded by what concurrent writers made of a document, which is many times one message. */
const ANSWER_BYTES = 16 * LIMITS.messageBytes

export function settingsFrom(options: HttpTransportOptions): Settings {
  checkOptions(options)
  return {
    url: checkServerUrl(options.url),
    token: options.token,
    timeoutMs: checkWhole('timeoutMs', options.timeoutMs ?? TIMEOUT_MS, LONGEST_MS),
    maxAnswerBytes: checkWhole('maxAnswerBytes', options.maxAnswerBytes ?? ANSWER_BYTES, Number.MAX_SAFE_INTEGER),
    fetch: options.fetch,
    clock: options.clock ?? systemClock,
  }
}

/** What an option has to be, unless it is left out; the url and the numbers are checked where they are read. */
const RULES: Readonly<Record<keyof HttpTransportOptions, readonly [expected: string, ...types: string[]] | undefined>> =
  {
    url: undefined,
    token: ['a text or a function', 'string', 'function'],
    timeoutMs: undefined,
    maxAnswerBytes: undefined,
    fetch: ['a function', 'function'],
    clock: ['an object with now() and after()', 'object'],
  }

/** Shows no value: one could be a token. */
function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`Expected options with a url, got ${kindOf(options)}.`, "Write httpTransport({ url: 'https://…' }).")
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(RULES, name))
  if (unknown !== undefined) {
    const fix = `There are ${Object.keys(RULES).join(', ')}.`
    throw invalid(`Expected only known options for httpTransport, got ${JSON.stringify(unknown)}.`, fix)
  }
  for (const [name, value] of Object.entries(options)) {
    const [expected, ...types] = RULES[name as keyof HttpTransportOptions] ?? []
    if (expected === undefined || value === undefined || (value !== null && types.includes(typeof value))) continue
    throw invalid(`Expected ${name} to be ${expected}, got ${kindOf(value)}.`, `Leave ${name} out for its default.`)
  }
}

const invalid = (message: string, fix: string): SyncError => new SyncError('invalid_options', message, { fix })

function checkWhole(name: string, value: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return value
  throw new SyncError(
    'invalid_options',
    `Expected ${name} to be a whole number from 1 to ${max}, got ${String(value)}.`,
    {
      fix: `Leave ${name} out for its default.`,
    },
  )
}
