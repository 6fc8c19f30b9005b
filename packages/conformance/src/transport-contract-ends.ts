import { encodePage, encodePush, utf8Length } from '@whisker/protocol'
import { expect } from 'vitest'
import {
  CALLS,
  type LinkBehaviour,
  SHORT_MS,
  answering,
  failureOf,
  pause,
  textFor,
  within,
} from './transport-contract-bench.ts'
import { PAGE, PULL, PUSH, SPACE, VERSION, pageOf, pushOf } from './transport-contract-messages.ts'

/** What a transport may add around a message, in bytes. */
const ENVELOPE_BYTES = 1024

interface Counts {
  sent: number
  received: number
}
const counter = (counts: Counts) => (direction: keyof Counts, bytes: number) => {
  counts[direction] += bytes
}

const pageText = (title: string): string => encodePage(pageOf(title))

/** A call can be ended at any moment, and nothing goes on behind it; and what it moved is counted. */
export const END_BEHAVIOURS: readonly LinkBehaviour[] = [
  {
    title: 'a call that was aborted before it began is aborted, and asks nothing',
    async check({ transport, received }) {
      for (const { run } of CALLS) {
        expect((await failureOf(run(transport, { signal: AbortSignal.abort() }))).code).toBe('aborted')
      }
      await pause(20)
      expect(received).toEqual([])
    },
  },
  {
    title: 'a call that is aborted while it waits for its token is aborted, and asks nothing',
    async check({ connect, received }) {
      const controller = new AbortController()
      const asked = Promise.withResolvers<void>()
      const token = Promise.withResolvers<string>()
      const transport = connect({
        token: () => {
          asked.resolve()
          return token.promise
        },
      })
      const failure = failureOf(transport.push(PUSH, { signal: controller.signal }))
      await within(asked.promise)
      controller.abort()
      expect((await failure).code).toBe('aborted')
      token.resolve('too-late')
      await pause(20)
      expect(received).toEqual([])
    },
  },
  {
    title: 'a call that is aborted while it waits for its answer is aborted',
    async check({ transport, serve, arrived }) {
      serve(() => ({ kind: 'silence' }))
      for (const [index, { run }] of CALLS.entries()) {
        const controller = new AbortController()
        const failure = failureOf(run(transport, { signal: controller.signal }))
        await arrived(index + 1)
        controller.abort(new Error('enough'))
        expect((await failure).code).toBe('aborted')
      }
    },
  },
  {
    title: 'a call that is aborted in the middle of its answer is aborted',
    async check({ transport, serve }) {
      const text = JSON.stringify({ padding: 'x'.repeat(200_000) })
      serve(() => ({ kind: 'part', text, part: 0.5, ending: 'silence' }))
      for (const { run } of CALLS) {
        const controller = new AbortController()
        const begun = Promise.withResolvers<void>()
        const meter = (direction: keyof Counts): void => {
          if (direction === 'received') begun.resolve()
        }
        const failure = failureOf(run(transport, { signal: controller.signal, meter }))
        // One that counts whole messages only says nothing of the half
        await Promise.race([begun.promise, pause(SHORT_MS)])
        controller.abort()
        expect((await failure).code).toBe('aborted')
      }
    },
  },
  {
    title: 'aborting one call leaves the others that run at once alone',
    async check({ transport, serve, arrived }) {
      const gate = Promise.withResolvers<void>()
      serve(async (request) => {
        await gate.promise
        return answering(request)
      })
      const controller = new AbortController()
      const aborted = failureOf(transport.pull(PULL, { signal: controller.signal }))
      const other = transport.pull(PULL)
      await arrived(2)
      controller.abort()
      expect((await aborted).code).toBe('aborted')
      gate.resolve()
      expect(await within(other)).toEqual(PAGE)
    },
  },
  {
    title: 'aborting after the answer changes nothing, and the next call runs',
    async check({ transport }) {
      const controller = new AbortController()
      expect(await within(transport.pull(PULL, { signal: controller.signal }))).toEqual(PAGE)
      controller.abort()
      expect(await within(transport.version(SPACE))).toEqual(VERSION)
    },
  },
  {
    title: 'closing ends what runs as closed',
    async check({ transport, serve, arrived }) {
      serve(() => ({ kind: 'silence' }))
      const failures = CALLS.map(({ run }) => failureOf(run(transport)))
      await arrived(CALLS.length)
      await within(transport.close())
      expect((await Promise.all(failures)).map(({ code }) => code)).toEqual(CALLS.map(() => 'closed'))
    },
  },
  {
    title: 'after closing every call is refused as closed and asks nothing, and closing again does nothing',
    async check({ transport, received }) {
      await within(transport.close())
      await within(transport.close())
      for (const { run } of CALLS) expect((await failureOf(run(transport))).code).toBe('closed')
      expect(await within(transport.isAvailable())).toBe(false)
      await pause(20)
      expect(received).toEqual([])
    },
  },
  {
    title: 'closing one transport leaves another to the same server alone',
    async check({ transport, connect }) {
      const other = connect({})
      expect(await within(transport.pull(PULL))).toEqual(PAGE)
      await within(transport.close())
      expect(await within(other.pull(PULL))).toEqual(PAGE)
    },
  },
  {
    title: 'a server that answers is available, and one that is not there is not',
    async check({ transport, place }) {
      expect(await within(transport.isAvailable())).toBe(true)
      await place.stop()
      expect(await within(transport.isAvailable())).toBe(false)
      await place.start()
      expect(await within(transport.isAvailable())).toBe(true)
    },
  },
  {
    title: 'asking whether a server is available never throws, whatever is wrong',
    async check({ transport, connect, place }) {
      expect(await within(transport.isAvailable({ signal: AbortSignal.abort() }))).toBe(false)
      const signedOut = connect({ token: () => Promise.reject(new Error('signed out')) })
      expect(await within(signedOut.isAvailable())).toBeTypeOf('boolean')
      await place.stop()
      const asking = connect({}).isAvailable()
      await within(transport.close())
      expect(await within(asking)).toBe(false)
    },
  },
  {
    title: 'the meter is told the bytes of a push and of its receipt',
    async check({ transport }) {
      const counts: Counts = { sent: 0, received: 0 }
      const push = pushOf('🐉'.repeat(20_000))
      await within(transport.push(push, { meter: counter(counts) }))
      const sent = utf8Length(JSON.stringify(encodePush(push)))
      expect(counts.sent).toBeGreaterThanOrEqual(sent)
      expect(counts.sent).toBeLessThanOrEqual(sent + ENVELOPE_BYTES)
      const received = utf8Length(CALLS.find(({ kind }) => kind === 'push')?.text ?? '')
      expect(counts.received).toBeGreaterThanOrEqual(received)
      expect(counts.received).toBeLessThanOrEqual(received + ENVELOPE_BYTES)
    },
  },
  {
    title: 'the meter is told the bytes of a page unpacked, however it travelled',
    async check({ transport, serve }) {
      const text = pageText('so easy to pack '.repeat(20_000))
      serve(() => ({ kind: 'answer', text }))
      const counts: Counts = { sent: 0, received: 0 }
      await within(transport.pull(PULL, { meter: counter(counts) }))
      expect(counts.received).toBeGreaterThanOrEqual(utf8Length(text))
      expect(counts.received).toBeLessThanOrEqual(utf8Length(text) + ENVELOPE_BYTES)
    },
  },
  {
    title: 'each call that runs at once has its own meter told',
    async check({ transport, serve }) {
      serve((request) =>
        request.kind === 'pull'
          ? { kind: 'answer', text: pageText('x'.repeat(100_000)) }
          : { kind: 'answer', text: textFor(request) },
      )
      const [large, small]: [Counts, Counts] = [
        { sent: 0, received: 0 },
        { sent: 0, received: 0 },
      ]
      await within(
        Promise.all([
          transport.pull(PULL, { meter: counter(large) }),
          transport.version(SPACE, { meter: counter(small) }),
        ]),
      )
      expect(large.received).toBeGreaterThan(100_000)
      expect(small.received).toBeLessThanOrEqual(utf8Length(CALLS[0]?.text ?? '') + ENVELOPE_BYTES)
    },
  },
  {
    title: 'subscribing is left out, or can be ended twice and with its transport',
    async check({ transport }) {
      const listener = { changed: () => undefined, connected: () => undefined }
      const { cursor, seen, device, acknowledged } = PULL
      const request = { space: SPACE, cursor, seen, device, acknowledged }
      const subscriptions = [1, 2].map(() => transport.subscribe?.(request, listener))
      subscriptions[0]?.close()
      subscriptions[0]?.close()
      await within(transport.close())
      subscriptions[1]?.close()
      expect(subscriptions[0]).toEqual(transport.subscribe && expect.objectContaining({ close: expect.any(Function) }))
    },
  },
]
