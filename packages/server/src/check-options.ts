import { LIMITS, type Limits, SyncError } from '@whisker/protocol'
import { type CorsOptions, isOrigin } from './cors.ts'
import type { Recheck, ServeOptions, ServerOptions, SocketTimeouts } from './server-options.ts'
import { SOCKET_LIMITS, type SocketLimits } from './socket-limits.ts'

/** What each option has to be; a name that is not here is refused. */
type Rules<T> = Readonly<Record<keyof T & string, readonly [expected: string, isRight: (value: unknown) => boolean]>>

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
const isFunction = (value: unknown): boolean => value === undefined || typeof value === 'function'
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most
const hasMethods =
  (...names: readonly string[]) =>
  (value: unknown): boolean =>
    isObject(value) && names.every((name) => typeof value[name] === 'function')
const orNone =
  (isRight: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || isRight(value)

const SERVER_RULES: Rules<ServerOptions> = {
  store: ["a store, as sqliteStore('sync.db') gives it", hasMethods('begin', 'read', 'write', 'close')],
  authenticate: ['a function', isFunction],
  authorize: ['a function', isFunction],
  validate: ['a function', isFunction],
  limits: ['an object of limits', orNone(isObject)],
  sockets: ['an object of limits', orNone(isObject)],
  cors: ['an object with `origins`', orNone(isObject)],
  clock: ['an object with now() and after()', orNone(hasMethods('now', 'after'))],
  random: ['an object with bytes() and fraction()', orNone(hasMethods('bytes', 'fraction'))],
  log: ['a function', isFunction],
}

const SERVE_RULES: Rules<ServeOptions> = {
  port: ['a whole number from 0 to 65535', (value) => isWhole(value, 0, 65_535)],
  host: ["the name or address of this machine, like '127.0.0.1'", orNone(isText)],
  drainOnSignal: ['true or false', orNone((value) => typeof value === 'boolean')],
  timeouts: ['an object of timeouts', orNone(isObject)],
  remoteAddress: ['a function', isFunction],
}

const CORS_RULES: Rules<CorsOptions> = {
  origins: [
    "a list of exact origins like ['https://app.example.org']: no `*`, no 'null', no path, no default port",
    (value) => Array.isArray(value) && value.every(isOrigin),
  ],
}

const RECHECK_RULES: Rules<Recheck> = {
  principal: ['the id of a principal', orNone(isText)],
  space: ['the name of a space', orNone(isText)],
}

const MILLISECONDS_RULE = [
  'a positive whole number of milliseconds',
  orNone((value) => isWhole(value, 1, 2 ** 31 - 1)),
] as const
const TIMEOUT_RULES: Rules<SocketTimeouts> = {
  headersMs: MILLISECONDS_RULE,
  requestMs: MILLISECONDS_RULE,
  idleMs: MILLISECONDS_RULE,
}

const LIMIT_RULE = ['a positive whole number', orNone((value) => isWhole(value, 1, Number.MAX_SAFE_INTEGER))] as const
const LIMIT_RULES = Object.fromEntries(Object.keys(LIMITS).map((name) => [name, LIMIT_RULE])) as Rules<Limits>
const SOCKET_RULES = Object.fromEntries(
  Object.keys(SOCKET_LIMITS).map((name) => [name, LIMIT_RULE]),
) as Rules<SocketLimits>

export function checkServerOptions(options: unknown): void {
  check('createServer', SERVER_RULES, options)
  const { limits, sockets, cors } = options as ServerOptions
  if (limits !== undefined) check('`limits`', LIMIT_RULES, limits)
  if (sockets !== undefined) check('`sockets`', SOCKET_RULES, sockets)
  if (cors !== undefined) check('`cors`', CORS_RULES, cors)
}

export function checkServeOptions(options: unknown): void {
  check('serve', SERVE_RULES, options)
  const { timeouts } = options as ServeOptions
  if (timeouts !== undefined) check('`timeouts`', TIMEOUT_RULES, timeouts)
}

export const checkRecheck = (whose: unknown): void => check('recheck', RECHECK_RULES, whose)

/** The defaults, but for what is given; `undefined` is not given. */
export const withDefaults = <T extends object>(defaults: T, given: Partial<T> = {}): T => ({
  ...defaults,
  ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
})

function check<T>(what: string, rules: Rules<T>, options: unknown): void {
  const names = Object.keys(rules) as (keyof T & string)[]
  if (!isObject(options)) {
    throw invalid(`Expected the options of ${what} to be an object, got ${shown(options)}.`, `Pass { ${names[0]}, … }.`)
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(rules, name))
  if (unknown !== undefined) {
    throw invalid(
      `Expected only known options for ${what}, got ${JSON.stringify(unknown)}.`,
      `There are ${names.join(', ')}.`,
    )
  }
  for (const name of names) {
    const [expected, isRight] = rules[name]
    if (isRight(options[name])) continue
    throw invalid(
      `Expected \`${name}\` of ${what} to be ${expected}, got ${shown(options[name])}.`,
      `Give \`${name}\` as ${expected}${isRight(undefined) ? ', or leave it out' : ''}.`,
    )
  }
}

const shown = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100))
  if (typeof value === 'function') return 'a function'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

const invalid = (message: string, fix: string): SyncError => new SyncError('invalid_options', message, { fix })
