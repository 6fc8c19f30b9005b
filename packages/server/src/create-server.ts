import { LIMITS, SyncError, isName, mintEpochId, systemClock, systemRandom } from '@whisker/protocol'
import { type Exchange, answerRefusal, respond, respondToPreflight } from './answer.ts'
import { checkServerOptions, withDefaults } from './check-options.ts'
import { createCollector } from './collector.ts'
import { corsHeaders, isPreflight } from './cors.ts'
import { listDevices, revokeDevice } from './devices.ts'
import { allow, identify } from './identify.ts'
import { createNotifier } from './notifier.ts'
import { refusalFor, refusalOf } from './refusal.ts'
import { failureOf, toLine } from './request-log.ts'
import { createRoutes } from './routes.ts'
import type { ServerOptions, SyncServer } from './server-options.ts'

/** How long a closing server waits for running requests, and how long it tells others to stay away. */
const DRAIN_MS = 10_000

/** A server on a store, as a function from requests to responses: it mounts in any framework. */
export function createServer(options: ServerOptions): SyncServer {
  checkServerOptions(options)
  const { store, authenticate, authorize, validate, log, clock = systemClock, random = systemRandom } = options
  const origins = options.cors?.origins ?? []
  const notifier = createNotifier()
  const running = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined
  const began = store.begin(mintEpochId(random))
  // Each request tells of the failure; that nobody asked yet is no crash.
  began.catch(() => undefined)

  const limits = withDefaults(LIMITS, options.limits)
  const isClosing = (): boolean => closing !== undefined
  const collector = createCollector({ store, clock, limits, isClosing })
  const routes = createRoutes({
    store,
    clock,
    limits,
    notifier,
    collector,
    validate,
    ready: async () => began,
    isClosing,
    identify: async (request) => identify(request, authenticate, origins),
    allow: async (principal, space, action) => allow(principal, space, action, authorize),
  })

  async function answer(request: Request): Promise<Response> {
    const startedMs = clock.now()
    const exchange: Exchange = {
      route: 'none',
      space: undefined,
      code: undefined,
      operations: undefined,
      failure: undefined,
      bytes: 0,
    }
    const response = await reply(request, exchange)
    for (const [name, value] of Object.entries(corsHeaders(request, origins))) response.headers.set(name, value)
    log?.(
      toLine({
        at: new Date(startedMs).toISOString(),
        method: request.method.slice(0, 16),
        status: response.status,
        ms: Math.max(0, clock.now() - startedMs),
        ...exchange,
      }),
    )
    return response
  }

  async function reply(request: Request, exchange: Exchange): Promise<Response> {
    if (isPreflight(request)) return respondToPreflight(request)
    if (closing) return refuseClosing(request, exchange)
    try {
      return await routes.fetch(request, exchange)
    } catch (thrown) {
      exchange.failure = failureOf(thrown)
      const { status, refusal } = refusalFor(thrown)
      return respond(request, exchange, answerRefusal(status, refusal))
    }
  }

  /** Closing waits for what runs. */
  async function finished<T>(work: Promise<T>): Promise<T> {
    running.add(work)
    try {
      return await work
    } finally {
      running.delete(work)
    }
  }

  /** What the host itself asks of a space. */
  async function administer<T>(space: string, work: () => Promise<T>): Promise<T> {
    if (closing) throw new SyncError('closed', 'The server is closed.', { fix: 'Ask before you close it.' })
    if (!isName(space)) {
      throw new SyncError('bad_request', `Expected the name of a space, got ${JSON.stringify(space).slice(0, 80)}.`, {
        fix: 'Use 1 to 128 of A-Z a-z 0-9 _ - . ~ : , beginning with a letter, a digit or _.',
      })
    }
    return finished(began.then(work))
  }

  async function drain(): Promise<void> {
    notifier.notifyAll()
    const { promise: isOver, resolve } = Promise.withResolvers<void>()
    const stopClock = clock.after(DRAIN_MS, resolve)
    await Promise.race([Promise.allSettled(running), isOver])
    stopClock()
    await began.catch(() => undefined)
    await collector.settled()
    await store.close()
  }

  return {
    isOpen: authenticate === undefined,
    ready: async () => began,
    fetch: async (request) => finished(answer(request)),
    devices: async (space) => administer(space, async () => listDevices(space, { store, clock, notifier })),
    revoke: async (space, device) =>
      administer(space, async () => revokeDevice(space, device, { store, clock, notifier })),
    collect: async (space) => administer(space, async () => collector.collect(space)),
    async close() {
      // Set before anything runs, so that whoever is woken sees it.
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      if (!closing) {
        closing = promise
        drain().then(resolve, reject)
      }
      return closing
    },
  }
}

const refuseClosing = async (request: Request, exchange: Exchange): Promise<Response> => {
  const refusal = refusalOf('unavailable', 'The server is closing.', { retryAfterMs: DRAIN_MS })
  return respond(request, exchange, answerRefusal(503, refusal))
}
