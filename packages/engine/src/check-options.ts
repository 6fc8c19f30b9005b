import { LIMITS, STRATEGIES, SyncError, type Transport, checkName, isStrategy } from '@whisker/protocol'

/** What `SyncEngine.open` is given, before anything is opened: plain JavaScript has no compiler to ask. */

const SURROUNDINGS = ['clock', 'random', 'wakes']
const OPTIONS = [
  'space',
  'device',
  'collections',
  'state',
  'transport',
  'limits',
  'pollMs',
  'debounceMs',
  ...SURROUNDINGS,
]

export function checkOptions(options: unknown): void {
  const given = checkObject('The options of SyncEngine.open', options)
  checkKeys('SyncEngine.open', given, OPTIONS)
  checkName(given['space'], 'space')
  for (const [name, collection] of Object.entries(checkObject('collections', given['collections']))) {
    checkCollection(name, collection)
  }
  checkMethods('state', given['state'], ['open'])
  if (given['transport'] !== undefined) checkTransport('transport', given['transport'])
  if (given['device'] !== undefined) checkDevice(checkObject('device', given['device']))
  if (given['limits'] !== undefined) checkLimits(checkObject('limits', given['limits']))
  checkDelay('pollMs', given['pollMs'], Infinity)
  checkDelay('debounceMs', given['debounceMs'], 60_000)
  checkSurroundings(given)
}

/** What `withFallback` is given. */
export function checkFallback(first: unknown, second: unknown, options: unknown): void {
  checkTransport('The first transport', first)
  checkTransport('The second transport', second)
  if (typeof (first as Transport).subscribe !== 'function') {
    throw invalid(
      'The first transport does not tell of changes.',
      'Pass the live one first: withFallback(webSocketTransport({ url }), httpTransport({ url })).',
    )
  }
  if (first === second) throw invalid('The second transport is the first one.', 'Pass another way to the same server.')
  const given = checkObject('The options of withFallback', options)
  checkKeys('withFallback', given, SURROUNDINGS)
  checkSurroundings(given)
}

function checkSurroundings({ clock, random, wakes }: Readonly<Record<string, unknown>>): void {
  if (clock !== undefined) checkMethods('clock', clock, ['now', 'after'])
  if (random !== undefined) checkMethods('random', random, ['bytes', 'fraction'])
  if (wakes !== undefined) checkFunction('wakes', wakes)
}

const checkTransport = (what: string, given: unknown): void =>
  checkMethods(what, given, ['pull', 'push', 'version', 'close'])

function checkCollection(name: string, collection: unknown): void {
  checkName(name, 'collection')
  const options = checkObject(`collections.${name}`, collection)
  checkKeys(`collections.${name}`, options, ['strategy', 'merge'])
  const { strategy, merge } = options
  if (merge !== undefined) checkFunction(`The merge of "${name}"`, merge)
  if (strategy === undefined || isStrategy(strategy)) return
  throw invalid(
    `The collection "${name}" asks for the strategy ${JSON.stringify(strategy)}.`,
    `Use one of ${STRATEGIES.join(', ')}.`,
  )
}

function checkDevice(device: Readonly<Record<string, unknown>>): void {
  checkKeys('device', device, ['name'])
  const { name } = device
  if (name === undefined || (typeof name === 'string' && name.isWellFormed())) return
  throw invalid('device.name must be a text that UTF-8 can carry.', "Pass something like { name: 'My laptop' }.")
}

function checkLimits(limits: Readonly<Record<string, unknown>>): void {
  checkKeys('limits', limits, Object.keys(LIMITS))
  for (const [name, limit] of Object.entries(limits)) {
    if (limit === undefined || (Number.isSafeInteger(limit) && (limit as number) > 0)) continue
    throw invalid(`limits.${name} must be a whole number from 1.`, 'Leave it out for its default.')
  }
}

function checkDelay(name: string, delay: unknown, most: number): void {
  if (delay === undefined || (typeof delay === 'number' && delay >= 1 && delay <= most)) return
  throw invalid(
    `${name} must be at least 1 millisecond${most === Infinity ? '' : ` and at most ${most}`}.`,
    most === Infinity ? 'Pass Infinity to never poll.' : 'Leave it out for its default.',
  )
}

export function checkFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') throw invalid(`${what} must be a function.`, 'Pass a function.')
}

function checkMethods(what: string, value: unknown, methods: readonly string[]): void {
  const object = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  if (methods.every((method) => typeof object[method] === 'function')) return
  throw invalid(
    `${what} must be an object with ${methods.join(', ')}.`,
    what === 'state'
      ? "Pass a store: memoryState(), or sqliteState('file.db') of @whisker/state-node."
      : what.endsWith('transport')
        ? `Pass a transport, like httpTransport({ url }) of @whisker/transport-http${what === 'transport' ? '; leave it out to stay local' : ''}.`
        : 'Leave it out for its default.',
  )
}

function checkObject(what: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw invalid(
    `${what} must be an object.`,
    "For example { strategy: 'auto_merge' } for a collection, {} for its defaults.",
  )
}

function checkKeys(what: string, object: object, known: readonly string[]): void {
  const unknown = Object.keys(object).find((key) => !known.includes(key))
  if (unknown === undefined) return
  throw invalid(`${what} has no option ${JSON.stringify(unknown)}.`, `Its options are ${known.join(', ')}.`)
}

const invalid = (message: string, fix: string): SyncError => new SyncError('invalid_options', message, { fix })
