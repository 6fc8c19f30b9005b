import {
  type RequestOptions,
  type Transport,
  checkName,
  decodePage,
  decodeReceipt,
  decodeServerVersion,
  encodePull,
  encodePush,
} from '@whisker/protocol'
import { LONGEST_MS, closedError, untilEnd } from '@whisker/protocol/transport'
import type { Question } from './connection.ts'
import { borrowLine } from './lines.ts'
import { LiveSubscription } from './live-subscription.ts'
import { type WebSocketTransportOptions, settingsFrom } from './options.ts'
import { type OpenSocket, openSocketWith } from './platform-socket.ts'

const AVAILABLE_MS = 3000

type Asked<T> = Pick<Question<T>, 'ask' | 'decode'> & { readonly name: string; readonly timeoutMs: number }

/** A transport over sockets that `openSocket` opens, unless the options name another way. */
export function transportOver(openSocket: OpenSocket, options: WebSocketTransportOptions): Transport {
  const { timeoutMs, line: lineSettings } = settingsFrom(options)
  const { url, clock } = lineSettings
  const { line, giveBack } = borrowLine(opener(openSocket, options.webSocket), lineSettings)
  const closing = new AbortController()
  const subscriptions = new Set<LiveSubscription>()

  const request = async <T>(
    { name, timeoutMs: most, ask, decode }: Asked<T>,
    { signal, meter }: RequestOptions = {},
  ): Promise<T> => {
    if (closing.signal.aborted) throw closedError()
    const ends = { timeoutMs: most, clock, signal, closing: closing.signal, what: `${name} over ${url}` }
    return untilEnd(ends, (ending) =>
      line.use(ending, (connection) => connection.request({ ask, decode, meter }, ending)),
    )
  }

  return {
    version: async (space, requestOptions) => {
      checkName(space, 'space')
      const ask = (number: number) => ({ kind: 'version', number, space }) as const
      return request({ name: 'version', timeoutMs, ask, decode: decodeServerVersion }, requestOptions)
    },
    pull: async (pull, requestOptions) => {
      const { space, waitMs } = pull
      checkName(space, 'space')
      const ask = (number: number) => ({ kind: 'pull', number, space, parameters: encodePull(pull) }) as const
      const most = Math.min(timeoutMs + waitMs, LONGEST_MS)
      return request({ name: 'pull', timeoutMs: most, ask, decode: decodePage }, requestOptions)
    },
    push: async (push, requestOptions) => {
      const { space } = push
      checkName(space, 'space')
      const ask = (number: number) => ({ kind: 'push', number, space, message: encodePush(push) }) as const
      return request({ name: 'push', timeoutMs, ask, decode: decodeReceipt }, requestOptions)
    },
    async isAvailable({ signal } = {}) {
      if (closing.signal.aborted) return false
      const ends = { timeoutMs: AVAILABLE_MS, clock, signal, closing: closing.signal, what: `a socket to ${url}` }
      return untilEnd(ends, (ending) => line.use(ending, (connection) => connection.heard())).then(
        () => true,
        () => false,
      )
    },
    subscribe(subscribed, listener) {
      checkName(subscribed.space, 'space')
      const subscription = new LiveSubscription(subscribed, listener, (over) => {
        subscriptions.delete(over)
        line.remove(over)
      })
      if (closing.signal.aborted) return subscription
      subscriptions.add(subscription)
      line.add(subscription)
      return subscription
    },
    async close() {
      if (closing.signal.aborted) return
      closing.abort()
      for (const subscription of subscriptions) subscription.close()
      giveBack()
    },
  }
}

/** One for each class, so that those who use the same share a socket. */
const openers = new WeakMap<object, OpenSocket>()

function opener(platform: OpenSocket, WebSocketClass: WebSocketTransportOptions['webSocket']): OpenSocket {
  if (!WebSocketClass) return platform
  const known = openers.get(WebSocketClass) ?? openSocketWith((url, protocols) => new WebSocketClass(url, protocols))
  openers.set(WebSocketClass, known)
  return known
}
