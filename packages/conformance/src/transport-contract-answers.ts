import { encodePage, encodeReceipt, encodeServerVersion, parseJson } from '@whisker/protocol'
import { expect } from 'vitest'
import { DIFFICULT_TEXTS } from './difficult-texts.ts'
import {
  CALLS,
  type LinkBehaviour,
  SHORT_MS,
  TOKEN,
  answering,
  pause,
  textFor,
  within,
} from './transport-contract-bench.ts'
import {
  EMPTY_PAGE,
  EMPTY_PUSH,
  FIRST_PULL,
  PAGE,
  PROBLEMS,
  PULL,
  PUSH,
  RECEIPT,
  SPACE,
  VERSION,
  pageOf,
  pushOf,
} from './transport-contract-messages.ts'

/** What is said arrives as it was said, both ways. */
export const ANSWER_BEHAVIOURS: readonly LinkBehaviour[] = [
  {
    title: 'a version is asked for by its space, and comes back as it was answered',
    async check({ transport, received }) {
      expect(await within(transport.version(SPACE))).toEqual(VERSION)
      expect(received).toMatchObject([{ kind: 'version', space: SPACE }])
    },
  },
  {
    title: 'a pull arrives as it was sent, and its page comes back as it was answered',
    async check({ transport, received }) {
      expect(await within(transport.pull({ ...PULL, waitMs: 500 }))).toEqual(PAGE)
      expect(received).toMatchObject([{ kind: 'pull' }])
      expect(received[0]).toHaveProperty('message', { ...PULL, waitMs: 500 })
    },
  },
  {
    title: 'a pull before first contact arrives, and an empty page comes back',
    async check({ transport, received, serve }) {
      serve(() => ({ kind: 'answer', text: encodePage(EMPTY_PAGE) }))
      expect(await within(transport.pull(FIRST_PULL))).toEqual(EMPTY_PAGE)
      expect(received[0]).toHaveProperty('message', FIRST_PULL)
    },
  },
  {
    title: 'a push arrives with everything in its order, and its receipt comes back as it was answered',
    async check({ transport, received }) {
      expect(await within(transport.push(PUSH))).toEqual(RECEIPT)
      expect(received).toMatchObject([{ kind: 'push' }])
      expect(received[0]).toHaveProperty('message', PUSH)
    },
  },
  {
    title: 'an empty push arrives, and a receipt that acknowledges nothing comes back',
    async check({ transport, received, serve }) {
      const receipt = { ...RECEIPT, acknowledged: [], from: undefined, to: 0, refusedOffers: [], strategies: {} }
      serve(() => ({ kind: 'answer', text: JSON.stringify(encodeReceipt(receipt)) }))
      expect(await within(transport.push(EMPTY_PUSH))).toEqual(receipt)
      expect(received[0]).toHaveProperty('message', EMPTY_PUSH)
    },
  },
  {
    title: 'a receipt comes back with its problem, whichever it is',
    async check({ transport, serve }) {
      for (const problem of PROBLEMS) {
        const receipt = { ...RECEIPT, problem }
        serve(() => ({ kind: 'answer', text: JSON.stringify(encodeReceipt(receipt)) }))
        expect(await within(transport.push(PUSH))).toEqual(receipt)
      }
    },
  },
  {
    title: 'texts arrive as they were written, whatever they hold',
    async check({ transport, received, serve }) {
      for (const text of DIFFICULT_TEXTS) {
        serve(() => ({ kind: 'answer', text: encodePage(pageOf(text)) }))
        expect(await within(transport.pull(PULL))).toEqual(pageOf(text))
        serve(answering)
        // Less than a server takes in one message
        const sent = pushOf(text.slice(0, 500_000))
        await within(transport.push(sent))
        expect(received.at(-1)).toHaveProperty('message', sent)
      }
    },
  },
  {
    title: 'an answer that comes in small pieces is one answer',
    async check({ transport, serve }) {
      serve((request) => ({ kind: 'answer', text: textFor(request), inPieces: true }))
      for (const { run, value } of CALLS) expect(await within(run(transport))).toEqual(value)
    },
  },
  {
    title: 'a page of four megabytes comes back whole',
    async check({ transport, serve }) {
      const page = pageOf('🐉 text '.repeat(400_000))
      serve(() => ({ kind: 'answer', text: encodePage(page) }))
      expect(await within(transport.pull(PULL))).toEqual(page)
    },
  },
  {
    title: 'a push of three megabytes arrives whole',
    async check({ transport, received }) {
      const push = pushOf('🐉 text '.repeat(300_000))
      await within(transport.push(push))
      expect(received).toHaveLength(1)
      expect(received[0]).toHaveProperty('message', push)
    },
  },
  {
    title: 'fields of an answer that it does not know are passed over',
    async check({ transport, serve }) {
      serve((request) => {
        const message = parseJson(textFor(request)) as Record<string, unknown>
        return { kind: 'answer', text: JSON.stringify({ 'from-next-year': [1, { a: null }], ...message, zzz: true }) }
      })
      for (const { run, value } of CALLS) expect(await within(run(transport))).toEqual(value)
    },
  },
  {
    title: 'the version that a server speaks is told, whichever it is',
    async check({ transport, serve }) {
      const version = { ...VERSION, protocol: 9 }
      serve(() => ({ kind: 'answer', text: JSON.stringify(encodeServerVersion(version)) }))
      expect(await within(transport.version(SPACE))).toEqual(version)
    },
  },
  {
    title: 'calls that run at once each get their own answer, whichever comes first',
    async check({ transport, serve, arrived }) {
      const heads = Array.from({ length: 12 }, (_, index) => index + 1)
      const gates = new Map(heads.map((head) => [head, Promise.withResolvers<void>()]))
      serve(async (request) => {
        if (request.kind !== 'pull') return { kind: 'silence' }
        const { limit } = request.message
        await gates.get(limit)?.promise
        return { kind: 'answer', text: encodePage({ ...PAGE, head: limit }) }
      })
      const calls = heads.map((head) => transport.pull({ ...PULL, limit: head }))
      // A transport may have a bound on how many run at once, and two is the least that shows anything
      await arrived(2)
      for (const head of heads.toReversed()) gates.get(head)?.resolve()
      expect((await within(Promise.all(calls))).map(({ head }) => head)).toEqual(heads)
    },
  },
  {
    title: 'calls of different kinds that run at once each get the answer of their kind',
    async check({ transport }) {
      const calls = [...CALLS, ...CALLS.toReversed()]
      const values = await within(Promise.all(calls.map(({ run }) => run(transport))))
      expect(values).toEqual(calls.map(({ value }) => value))
    },
  },
  {
    title: 'the same question gets the answer of now, never one of before',
    async check({ transport, serve, received }) {
      let head = 0
      serve(({ kind }) => {
        head++
        const text = kind === 'pull' ? encodePage({ ...PAGE, head }) : encodeServerVersion({ ...VERSION, head })
        return { kind: 'answer', text: typeof text === 'string' ? text : JSON.stringify(text) }
      })
      expect((await within(transport.version(SPACE))).head).toBe(1)
      expect((await within(transport.version(SPACE))).head).toBe(2)
      expect((await within(transport.pull(PULL))).head).toBe(3)
      expect((await within(transport.pull(PULL))).head).toBe(4)
      expect(received).toHaveLength(4)
    },
  },
  {
    title: 'a pull that lets the server wait has that much longer',
    async check({ connect, serve }) {
      serve(async (request) => {
        await pause(3 * SHORT_MS)
        return { kind: 'answer', text: textFor(request) }
      })
      const transport = connect({ timeoutMs: SHORT_MS })
      expect(await within(transport.pull({ ...PULL, waitMs: 8000 }))).toEqual(PAGE)
    },
  },
  {
    title: 'the token reaches the server as it is, and never in an address',
    async check({ transport, received }) {
      for (const { run } of CALLS) await within(run(transport))
      expect(received.map(({ token }) => token)).toEqual(CALLS.map(() => TOKEN))
      expect(received.filter(({ address }) => address.includes(TOKEN))).toEqual([])
    },
  },
]
