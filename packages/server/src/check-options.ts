import { LIMITS, type Limits } from '@whisker/protocol'
import { type CorsOptions, isOrigin } from './cors.ts'
import { type Rules, check, hasMethods, isFunction, isObject, isText, isWhole, orNone } from './option-rules.ts'
import type { Recheck, ServeMetricsOptions, ServeOptions, ServerOptions, SocketTimeouts } from './server-options.ts'
import { SOCKET_LIMITS, type SocketLimits } from './socket-limits.ts'

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

const SERVE_METRICS_RULES: Rules<ServeMetricsOptions> = {
  port: ['a whole number from 0 to 65535', (value) => isWhole(value, 0, 65_535)],
  host: ["the name or address of this machine, like '127.0.0.1'", orNone(isText)],
}

const SERVE_RULES: Rules<ServeOptions> = {
  ...SERVE_METRICS_RULES,
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

export const checkServeMetricsOptions = (options: unknown): void => check('serveMetrics', SERVE_METRICS_RULES, options)

export const checkRecheck = (whose: unknown): void => check('recheck', RECHECK_RULES, whose)

/** The defaults, but for what is given; `undefined` is not given. */
export const withDefaults = <T extends object>(defaults: T, given: Partial<T> = {}): T => ({
  ...defaults,
  ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
})
