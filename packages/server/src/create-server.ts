import { mintEpochId, systemClock, systemRandom } from '@whisker/protocol'
import { type Exchange, answerRefusal, respond } from './answer.ts'
import { checkServerOptions, limitsFrom } from './check-options.ts'
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
  const notifier = createNotifier()
  const running = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined
  const began = store.begin(mintEpochId(random))
  // Each request tells of the failure; that nobody asked yet is no crash.
  began.catch(() => undefined)

  const routes = createRoutes({
    store,
    clock,
    limits: limitsFrom(options.limits),
    notifier,
    validate,
    ready: async () => began,
    isClosing: () => closing !== undefined,
    identify: async (request) => identify(request, authenticate),
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
    const response = await (closing ? refuseClosing(request, exchange) : route(request, exchange))
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

  async function route(request: Request, exchange: Exchange): Promise<Response> {
    try {
      return await routes.fetch(request, exchange)
    } catch (thrown) {
      exchange.failure = failureOf(thrown)
      const { status, refusal } = refusalFor(thrown)
      return respond(request, exchange, answerRefusal(status, refusal))
    }
  }

  async function drain(): Promise<void> {
    notifier.notifyAll()
    const { promise: isOver, resolve } = Promise.withResolvers<void>()
    const stopClock = clock.after(DRAIN_MS, resolve)
    await Promise.race([Promise.allSettled(running), isOver])
    stopClock()
    await began.catch(() => undefined)
    await store.close()
  }

  return {
    isOpen: authenticate === undefined,
    ready: async () => began,
    async fetch(request) {
      const answered = answer(request)
      running.add(answered)
      try {
        return await answered
      } finally {
        running.delete(answered)
      }
    },
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
