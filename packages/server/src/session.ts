import { type Answer, type Exchange, answerRefusal, newExchange } from './answer.ts'
import { LiveSubscription } from './live-subscription.ts'
import { OwnPushes } from './own-pushes.ts'
import { SERVER_CLOSES, refusalFor, refused } from './refusal.ts'
import { failureOf } from './request-log.ts'
import type { Principal } from './principal.ts'
import type { ServerSession, SessionAnswer } from './server-session.ts'
import {
  type SpaceRequest,
  type SpaceServices,
  answerPull,
  answerPush,
  answerVersion,
  enter,
  readPull,
} from './space-requests.ts'

export interface SessionServices extends SpaceServices {
  /** Those that are open, of all sessions. */
  readonly subscriptions: Set<LiveSubscription>
  /** Closing waits for it. */
  finished<T>(work: Promise<T>): Promise<T>
  /** Writes the log. */
  record(method: string, startedMs: number, status: number, exchange: Exchange): void
}

/** How the log calls a request that came through a session. */
const METHOD = 'SESSION'

/** The principal is asked for anew with each request and frame: a socket may say again who it is, with other rights. */
export function createSession(principal: () => Principal, services: SessionServices): ServerSession {
  const { clock } = services
  const spaces = new Map<string, SessionSpace>()

  function spaceOf(name: string): SessionSpace {
    const known = spaces.get(name)
    if (known) return known
    const made: SessionSpace = { own: new OwnPushes(), subscriptions: new Set() }
    spaces.set(name, made)
    return made
  }

  function forgetIdle(name: string): void {
    const space = spaces.get(name)
    if (space?.own.isIdle && space.subscriptions.size === 0) spaces.delete(name)
  }

  async function answer(route: string, space: string, work: Work): Promise<SessionAnswer> {
    const startedMs = clock.now()
    const exchange = newExchange(route)
    const { status, text, code } = await answerOrRefusal({ principal: principal(), space, exchange }, work)
    exchange.bytes = Buffer.byteLength(text)
    exchange.code = code ?? exchange.code
    services.record(METHOD, startedMs, status, exchange)
    return { status, text }
  }

  async function answerOrRefusal(request: SpaceRequest, work: Work): Promise<Answer> {
    if (services.isClosing()) return answerRefusal(SERVER_CLOSES.status, SERVER_CLOSES.refusal)
    try {
      return await work(request)
    } catch (thrown) {
      const { status, refusal } = refusalFor(thrown)
      if (status >= 500) request.exchange.failure = failureOf(thrown)
      return answerRefusal(status, refusal)
    }
  }

  return {
    version: (space) => services.finished(answer('version', space, (request) => answerVersion(request, services))),

    pull: (space, parameters, signal) =>
      services.finished(
        answer('pull', space, async (request) => {
          const { subscriptions = [] } = spaces.get(space) ?? {}
          await Promise.all([...subscriptions].map(({ began }) => began))
          return answerPull(request, parameters, signal, services)
        }),
      ),

    push(space, message) {
      const { own } = spaceOf(space)
      const answered = services.finished(
        answer('push', space, (request) =>
          own.during((taking) => answerPush(request, async () => message, services, taking)),
        ),
      )
      own.answering(answered, () => forgetIdle(space))
      return answered
    },

    subscribe(space, parameters, sink) {
      const startedMs = clock.now()
      const exchange = newExchange('subscribe')
      const { own, subscriptions } = spaceOf(space)
      const subscription = new LiveSubscription(
        {
          exchange,
          sink,
          isOf: (whose) => (whose.space ?? space) === space && (whose.principal ?? principal().id) === principal().id,
          async enter() {
            if (services.isClosing()) throw refused(SERVER_CLOSES.refusal)
            await enter({ principal: principal(), space, exchange }, 'read', services)
            return { principal, own, request: readPull(space, parameters, services) }
          },
          over(status) {
            subscriptions.delete(subscription)
            services.subscriptions.delete(subscription)
            forgetIdle(space)
            services.record(METHOD, startedMs, status, exchange)
          },
        },
        services,
      )
      subscriptions.add(subscription)
      services.subscriptions.add(subscription)
      return subscription
    },
  }
}

type Work = (request: SpaceRequest) => Promise<Answer>

/** What a session remembers of a space while something goes on there. */
interface SessionSpace {
  readonly own: OwnPushes
  readonly subscriptions: Set<LiveSubscription>
}
