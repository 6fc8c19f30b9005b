import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { LIMITS, SyncError, isName, mintEpochId, systemClock, systemRandom } from '@whisker/protocol'
import { type Exchange, answerRefusal, newExchange, respond, respondToPreflight } from './answer.ts'
import { checkRecheck, checkServerOptions, withDefaults } from './check-options.ts'
import { createCollector } from './collector.ts'
import { corsHeaders, isPreflight } from './cors.ts'
import { listDevices, revokeDevice } from './devices.ts'
import { FrameReads } from './frame-reads.ts'
import { checkUpgrade, identify } from './identify.ts'
import type { LiveSubscription } from './live-subscription.ts'
import { createNotifier } from './notifier.ts'
import { DRAIN_MS, SERVER_CLOSES, refusalFor } from './refusal.ts'
import { failureOf, toLine } from './request-log.ts'
import { Rights } from './rights.ts'
import { createRoutes } from './routes.ts'
import { countRejection, createServerMetrics } from './server-metrics.ts'
import type { Principal } from './principal.ts'
import type { Recheck, ServerOptions, SyncServer } from './server-options.ts'
import type { ServerSession } from './server-session.ts'
import { createSession } from './session.ts'
import { createSocketHub } from './socket-hub.ts'
import { SOCKET_LIMITS } from './socket-limits.ts'
import { SocketPresence } from './socket-presence.ts'
import type { SpaceServices } from './space-requests.ts'

/** A server on a store, as a function from requests to responses: it mounts in any framework. */
export function createServer(options: ServerOptions): SyncServer {
  checkServerOptions(options)
  const { store, authenticate, authorize, validate, log, clock = systemClock, random = systemRandom } = options
  const origins = options.cors?.origins ?? []
  const notifier = createNotifier()
  const rights = new Rights(authorize, clock)
  const running = new Set<Promise<unknown>>()
  const subscriptions = new Set<LiveSubscription>()
  let closing: Promise<void> | undefined
  const began = store.begin(mintEpochId(random))
  // Each request tells of the failure; that nobody asked yet is no crash.
  began.catch(() => undefined)

  const metrics = createServerMetrics({ sockets: () => hub.openCount, subscriptions: () => subscriptions.size })
  const limits = withDefaults(LIMITS, options.limits)
  const isClosing = (): boolean => closing !== undefined
  const collector = createCollector({ store, clock, limits, isClosing })
  const services: SpaceServices = {
    store,
    clock,
    limits,
    notifier,
    collector,
    frames: new FrameReads({ store, clock, limits, notifier }),
    validate,
    metrics,
    ready: async () => began,
    isClosing,
    allow: async (principal, space, action) => rights.allow(principal, space, action),
    forgetRights: ({ id }, space) => rights.forget({ principal: id, space }),
  }
  const identifyBy = async (request: Request): Promise<Principal> => identify(request, authenticate, origins, clock)
  const routes = createRoutes({ ...services, identify: identifyBy })
  const sessionOf = (principal: () => Principal): ServerSession =>
    createSession(principal, { ...services, subscriptions, finished, record })
  const hub = createSocketHub({
    ...services,
    random,
    socketLimits: withDefaults(SOCKET_LIMITS, options.sockets),
    presence: new SocketPresence(clock),
    checkUpgrade: (request) => checkUpgrade(request, authenticate === undefined, origins),
    identify: identifyBy,
    session: sessionOf,
    record,
  })

  async function answer(request: Request): Promise<Response> {
    const startedMs = clock.now()
    const exchange = newExchange('none')
    const response = await reply(request, exchange)
    for (const [name, value] of Object.entries(corsHeaders(request, origins))) response.headers.set(name, value)
    metrics.bytesSent.add(exchange.bytes)
    record(request.method.slice(0, 16), startedMs, response.status, exchange)
    return response
  }

  function record(method: string, startedMs: number, status: number, exchange: Exchange): void {
    countRejection(metrics, exchange.code)
    const ms = Math.max(0, clock.now() - startedMs)
    log?.(toLine({ at: new Date(startedMs).toISOString(), method, status, ms, ...exchange }))
  }

  async function reply(request: Request, exchange: Exchange): Promise<Response> {
    if (isPreflight(request)) return respondToPreflight(request)
    if (closing) return respond(request, exchange, answerRefusal(SERVER_CLOSES.status, SERVER_CLOSES.refusal))
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

  function expectOpen(): void {
    if (closing) throw new SyncError('closed', 'The server is closed.', { fix: 'Ask before you close it.' })
  }

  /** What the host itself asks of a space. */
  async function administer<T>(space: string, work: () => Promise<T>): Promise<T> {
    expectOpen()
    if (!isName(space)) {
      throw new SyncError('bad_request', `Expected the name of a space, got ${JSON.stringify(space).slice(0, 80)}.`, {
        fix: 'Use 1 to 128 of A-Z a-z 0-9 _ - . ~ : , beginning with a letter, a digit or _.',
      })
    }
    return finished(began.then(work))
  }

  async function recheck(whose: Recheck): Promise<void> {
    rights.forget(whose)
    const concerned = [...subscriptions].filter((subscription) => subscription.isOf(whose))
    await Promise.all(concerned.map((subscription) => subscription.recheck()))
  }

  async function drain(): Promise<void> {
    for (const subscription of subscriptions) subscription.end(SERVER_CLOSES)
    notifier.notifyAll()
    const { promise: isOver, resolve } = Promise.withResolvers<void>()
    const stopClock = clock.after(DRAIN_MS, resolve)
    await Promise.race([Promise.allSettled([...running, hub.close()]), isOver])
    stopClock()
    hub.terminate()
    await began.catch(() => undefined)
    await collector.settled()
    await store.close()
  }

  return {
    isOpen: authenticate === undefined,
    ready: async () => began,
    fetch: async (request) => finished(answer(request)),
    upgrade(request, socket, head, remoteAddress) {
      const incoming = request as IncomingMessage
      const address = remoteAddress ?? incoming.socket.remoteAddress ?? ''
      hub.upgrade(incoming, socket as Duplex, head as Buffer, address)
    },
    session: (principal) => sessionOf(() => principal),
    client(connection) {
      expectOpen()
      return hub.client(connection)
    },
    devices: async (space) => administer(space, async () => listDevices(space, { store, clock, notifier })),
    revoke: async (space, device) =>
      administer(space, async () => revokeDevice(space, device, { store, clock, notifier })),
    metrics: () => metrics.text(),
    async recheck(whose = {}) {
      checkRecheck(whose)
      expectOpen()
      await finished(recheck(whose))
    },
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
