import { type SyncError, REFUSAL_CODES, encodePage, encodeRefusal, parseJson } from '@whisker/protocol'
import { expect } from 'vitest'
import {
  CALLS,
  type LinkBehaviour,
  type Reply,
  SHORT_MS,
  TOKEN,
  type TransportBench,
  answering,
  failureOf,
  pause,
  textFor,
  within,
} from './transport-contract-bench.ts'
import { PAGE, PULL, REFUSAL, SPACE } from './transport-contract-messages.ts'

/** All that an error shows to whoever prints it. */
const shownOf = (error: SyncError): string =>
  [String(error), error.stack, error.fix, JSON.stringify(error.details), String(error.cause)].join('\n')

/** Texts in place of an answer. */
const GARBAGE = [
  '',
  '<!doctype html><title>Welcome to our hotel</title>',
  'null',
  '[]',
  '7',
  '"a text"',
  '{}',
  '{"ok":true}',
  '['.repeat(100_000),
  JSON.stringify(encodeRefusal(REFUSAL)),
]

/** How a call can fail, and the codes that it may then have. */
interface Failure {
  readonly name: string
  readonly reply: Reply
  readonly codes: readonly string[]
}
const FAILURES: readonly Failure[] = [
  { name: 'is refused for now', reply: refusalOf('unavailable'), codes: ['unavailable'] },
  { name: 'is refused for too many of them', reply: refusalOf('rate_limited'), codes: ['rate_limited'] },
  { name: 'is refused by a failing server', reply: refusalOf('server_error'), codes: ['server_error'] },
  { name: 'has its connection broken off', reply: { kind: 'hang_up' }, codes: ['network'] },
  { name: 'has no answer', reply: { kind: 'silence' }, codes: ['timeout'] },
  { name: 'is answered with garbage', reply: { kind: 'answer', text: 'garbage' }, codes: ['bad_message'] },
  {
    name: 'is answered in half and then no more',
    reply: { kind: 'part', text: encodePage(PAGE), part: 0.5, ending: 'silence' },
    codes: ['timeout'],
  },
  {
    name: 'is answered in half and then cut off',
    reply: { kind: 'part', text: encodePage(PAGE), part: 0.5, ending: 'hang_up' },
    codes: ['network', 'bad_message'],
  },
]

function refusalOf(code: string): Reply {
  return { kind: 'refusal', refusal: { ...REFUSAL, code } }
}

const serveRefusal = ({ serve }: TransportBench, code: string): void => serve(() => refusalOf(code))

async function arrivesWhole(bench: TransportBench, code: string): Promise<void> {
  serveRefusal(bench, code)
  for (const { run } of CALLS) {
    const error = await failureOf(run(bench.transport))
    expect(error).toMatchObject({ code, message: REFUSAL.message, fix: REFUSAL.fix })
    expect(error.details['refusal']).toEqual({ ...REFUSAL, code })
  }
}

async function failsOnce({ connect, serve, received }: TransportBench, { reply, codes }: Failure): Promise<void> {
  const transport = connect({ timeoutMs: SHORT_MS })
  // What was kept open from an earlier call can tempt to ask again
  await within(transport.version(SPACE))
  for (const { run } of CALLS) {
    serve(() => reply)
    const before = received.length
    const { code } = await failureOf(run(transport))
    expect(codes).toContain(code)
    await pause(20)
    expect(received).toHaveLength(before + 1)
  }
  serve(answering)
  expect(await within(transport.pull(PULL))).toEqual(PAGE)
}

/** Every failure is a `SyncError`, says what it is, and is told once. */
export const FAILURE_BEHAVIOURS: readonly LinkBehaviour[] = [
  ...REFUSAL_CODES.map((code) => ({
    title: `a refusal arrives as an error with all of it: ${code}`,
    check: (bench: TransportBench) => arrivesWhole(bench, code),
  })),
  {
    title: 'a refusal with a code and a sentence alone arrives as that',
    async check({ transport, serve }) {
      const bare = {
        code: 'forbidden',
        message: 'No.',
        fix: undefined,
        reason: undefined,
        epochs: [],
        timeMs: undefined,
        retryAfterMs: undefined,
        head: undefined,
        replicas: [],
      }
      serve(() => ({ kind: 'refusal', refusal: bare }))
      for (const { run } of CALLS) {
        const error = await failureOf(run(transport))
        expect(error.code).toBe('forbidden')
        expect(error.details['refusal']).toEqual(bare)
      }
    },
  },
  {
    title: "the server's reason for a resync arrives: expired",
    async check({ transport, serve }) {
      const refusal = { ...REFUSAL, reason: 'expired' } as const
      serve(() => ({ kind: 'refusal', refusal }))
      expect((await failureOf(transport.pull(PULL))).details['refusal']).toEqual(refusal)
    },
  },
  {
    title: 'a code that is not for servers to say is server_error, and is kept in the details',
    async check(bench) {
      for (const code of ['from_next_year', 'closed', 'aborted', 'network', 'store_in_use', '__proto__']) {
        serveRefusal(bench, code)
        const error = await failureOf(bench.transport.pull(PULL))
        expect(error.code).toBe('server_error')
        expect(error.details['refusal']).toEqual({ ...REFUSAL, code })
      }
    },
  },
  ...FAILURES.map((failure) => ({
    title: `a call that ${failure.name} fails as ${failure.codes.join(' or ')}, and is asked once`,
    check: (bench: TransportBench) => failsOnce(bench, failure),
  })),
  {
    title: 'where nobody answers it is network',
    async check({ transport, place }) {
      await place.stop()
      for (const { run } of CALLS) expect((await failureOf(run(transport))).code).toBe('network')
    },
  },
  {
    title: 'a server that goes away and comes back is found again by the next call',
    async check({ transport, place }) {
      expect(await within(transport.pull(PULL))).toEqual(PAGE)
      await place.stop()
      expect((await failureOf(transport.pull(PULL))).code).toBe('network')
      await place.start()
      expect(await within(transport.pull(PULL))).toEqual(PAGE)
    },
  },
  {
    title: 'an answer that is none is bad_message',
    async check({ transport, serve }) {
      for (const text of GARBAGE) {
        serve(() => ({ kind: 'answer', text }))
        for (const { run } of CALLS) expect((await failureOf(run(transport))).code).toBe('bad_message')
      }
    },
  },
  {
    title: 'an answer to another question is bad_message',
    async check({ transport, serve }) {
      for (const { kind, run } of CALLS) {
        for (const { text } of CALLS.filter((call) => call.kind !== kind)) {
          serve(() => ({ kind: 'answer', text }))
          expect((await failureOf(run(transport))).code).toBe('bad_message')
        }
      }
    },
  },
  {
    title: 'a page or a receipt of another version of the protocol is refused',
    async check({ transport, serve }) {
      serve((request) => {
        const message = parseJson(textFor(request)) as Record<string, unknown>
        return { kind: 'answer', text: JSON.stringify({ ...message, v: 2 }) }
      })
      for (const { run } of CALLS.filter(({ kind }) => kind !== 'version')) {
        expect(['bad_message', 'unsupported_version']).toContain((await failureOf(run(transport))).code)
      }
    },
  },
  {
    title: 'an answer that is cut anywhere is never taken for whole',
    async check({ transport, serve }) {
      for (const part of [0, 0.05, 0.3, 0.6, 0.9, 0.99, 1]) {
        serve((request) => ({ kind: 'part', text: textFor(request), part, ending: 'hang_up' }))
        for (const { run } of CALLS) {
          expect(['network', 'bad_message']).toContain((await failureOf(run(transport))).code)
        }
      }
    },
  },
  {
    title: 'a space that is no name is refused with an error of the call, and nothing is asked',
    async check({ transport, received }) {
      for (const space of ['', '..', 'a/b', 'a b', '?', 'x'.repeat(129)]) {
        expect((await failureOf(transport.version(space))).code).toBe('invalid_id')
        expect((await failureOf(transport.pull({ ...PULL, space }))).code).toBe('invalid_id')
      }
      expect(received).toEqual([])
    },
  },
  {
    title: 'a token that was refused is not used again: the next call asks for it anew',
    async check({ connect, serve, received }) {
      let token = 'stale-token'
      serve((request) => (request.token === 'fresh-token' ? answering(request) : refusalOf('needs_auth')))
      const transport = connect({ token: () => token })
      expect((await failureOf(transport.pull(PULL))).code).toBe('needs_auth')
      token = 'fresh-token'
      expect(await within(transport.pull(PULL))).toEqual(PAGE)
      expect(received.map((request) => request.token)).toEqual(['stale-token', 'fresh-token'])
    },
  },
  {
    title: 'without a token none is sent',
    async check({ connect, received }) {
      expect(await within(connect({ token: () => undefined }).pull(PULL))).toEqual(PAGE)
      expect(received.map(({ token }) => token)).toEqual([undefined])
    },
  },
  {
    title: 'where no token can be had it is needs_auth, and nothing is asked',
    async check({ connect, received }) {
      const transport = connect({ token: () => Promise.reject(new Error('signed out')) })
      for (const { run } of CALLS) expect((await failureOf(run(transport))).code).toBe('needs_auth')
      expect(received).toEqual([])
    },
  },
  {
    title: 'a token that is long in coming is timeout',
    async check({ connect, received }) {
      const transport = connect({ timeoutMs: SHORT_MS, token: () => new Promise<string>(() => undefined) })
      expect((await failureOf(transport.version(SPACE))).code).toBe('timeout')
      expect(received).toEqual([])
    },
  },
  {
    title: 'no error shows the token',
    async check({ connect, place, serve }) {
      const transport = connect({ timeoutMs: SHORT_MS })
      const errors: SyncError[] = []
      for (const { reply } of FAILURES) {
        serve(() => reply)
        errors.push(await failureOf(transport.pull(PULL)))
      }
      await place.stop()
      errors.push(await failureOf(transport.pull(PULL)))
      expect(errors.map(shownOf).filter((text) => text.includes(TOKEN))).toEqual([])
    },
  },
]
