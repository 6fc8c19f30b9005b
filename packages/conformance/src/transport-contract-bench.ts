import {
  type PullRequest,
  type PushRequest,
  type Refusal,
  type RequestOptions,
  type SyncError,
  type Transport,
  encodePage,
  encodeReceipt,
  encodeServerVersion,
  isSyncError,
} from '@whisker/protocol'
import { expect } from 'vitest'
import type { Behaviour, Disposable } from './behaviour.ts'
import { PAGE, PULL, PUSH, RECEIPT, SPACE, VERSION } from './transport-contract-messages.ts'

/** A real server that says what it is told to say, and the way to it. */
export interface TransportPlace extends Disposable {
  /** A new transport to the place's server; the behaviour closes it. */
  transport(settings: TransportSettings): Transport
  /** From now on every request that arrives is told to `peer`, and answered with what that says. */
  serve(peer: Peer): void
  /** Takes the server away: every connection ends, and nobody answers at its address. */
  stop(): Promise<void>
  /** Brings it back, at the same address. */
  start(): Promise<void>
}

export interface TransportSettings {
  /** How long one call may take. */
  readonly timeoutMs: number
  /** What to ask for the token; undefined sends none. */
  readonly token: () => string | undefined | Promise<string | undefined>
}

export type Peer = (request: ReceivedRequest) => Reply | Promise<Reply>

/** A request as the server read it. */
export type ReceivedRequest = ReceivedWith &
  (
    | { readonly kind: 'version'; readonly space: string }
    | { readonly kind: 'pull'; readonly message: PullRequest }
    | { readonly kind: 'push'; readonly message: PushRequest }
  )
interface ReceivedWith {
  readonly token: string | undefined
  /** What everybody on the way may write into a log: the url, with all its parameters. */
  readonly address: string
}

/** What the server does with a request. The texts are those of the protocol's messages, or were to be. */
export type Reply =
  /** Answers with the text as a success; in small pieces, one after another, if asked to. */
  | { readonly kind: 'answer'; readonly text: string; readonly inPieces?: boolean }
  | { readonly kind: 'refusal'; readonly refusal: Refusal }
  /** Begins an answer, sends about this part of it, and then nothing more, or breaks the connection off. */
  | { readonly kind: 'part'; readonly text: string; readonly part: number; readonly ending: 'silence' | 'hang_up' }
  /** Reads the request and never answers. */
  | { readonly kind: 'silence' }
  /** Breaks the connection off without an answer. */
  | { readonly kind: 'hang_up' }

/** A promise that every `Transport` keeps. */
export type TransportBehaviour = Behaviour<TransportPlace>

export interface TransportBench {
  /** With a token and a long time-out. */
  readonly transport: Transport
  /** Everything that arrived. */
  readonly received: readonly ReceivedRequest[]
  readonly place: TransportPlace
  /** Another transport to the same server. */
  readonly connect: (settings: Partial<TransportSettings>) => Transport
  readonly serve: (peer: Peer) => void
  /** Resolves once so many requests have arrived. */
  readonly arrived: (count: number) => Promise<void>
}

/** One behaviour, between a transport and a server. Every transport is closed after it. */
export interface LinkBehaviour {
  readonly title: string
  check(bench: TransportBench): Promise<void>
}

export const transportBehaviours = (behaviours: readonly LinkBehaviour[]): readonly TransportBehaviour[] =>
  behaviours.map((behaviour) => ({ title: behaviour.title, run: (place) => checkIn(place, behaviour) }))

async function checkIn(place: TransportPlace, behaviour: LinkBehaviour): Promise<void> {
  const transports: Transport[] = []
  const received: ReceivedRequest[] = []
  const waiting = new Set<() => void>()
  const connect: TransportBench['connect'] = (settings) => {
    const transport = place.transport({ timeoutMs: LONG_MS, token: () => TOKEN, ...settings })
    transports.push(transport)
    return transport
  }
  const serve: TransportBench['serve'] = (peer) =>
    place.serve((request) => {
      received.push(request)
      for (const look of waiting) look()
      return peer(request)
    })
  const arrived: TransportBench['arrived'] = (count) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.add(() => received.length >= count && resolve())
    if (received.length >= count) resolve()
    return within(promise)
  }
  serve(answering)
  try {
    await behaviour.check({ transport: connect({}), received, place, connect, serve, arrived })
  } finally {
    for (const transport of transports) await transport.close()
  }
}

export const TOKEN = 'a-token.of~somebody-123'
const LONG_MS = 20_000
/** Short enough not to wait for, and long enough to answer in where an answer is to come. */
export const SHORT_MS = 300
/** What has not happened by then does not happen. */
const NEVER_MS = 10_000

/** A call, what answers it, and what it then resolves to. */
export interface Call {
  readonly kind: ReceivedRequest['kind']
  readonly text: string
  readonly value: unknown
  readonly run: (transport: Transport, options?: RequestOptions) => Promise<unknown>
}

export const CALLS: readonly Call[] = [
  {
    kind: 'version',
    text: JSON.stringify(encodeServerVersion(VERSION)),
    value: VERSION,
    run: (transport, options) => transport.version(SPACE, options),
  },
  { kind: 'pull', text: encodePage(PAGE), value: PAGE, run: (transport, options) => transport.pull(PULL, options) },
  {
    kind: 'push',
    text: JSON.stringify(encodeReceipt(RECEIPT)),
    value: RECEIPT,
    run: (transport, options) => transport.push(PUSH, options),
  },
]

export const textFor = ({ kind }: ReceivedRequest): string => CALLS.find((call) => call.kind === kind)?.text ?? ''

/** Answers everything as it should be. */
export const answering: Peer = (request) => ({ kind: 'answer', text: textFor(request) })

/** What a promise comes to, or a failure once it is clear that it comes to nothing. */
export async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const never = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Expected an end, and none came.')), NEVER_MS)
  })
  return Promise.race([promise, never]).finally(() => clearTimeout(timer))
}

/** The error that a call ends with; a failure if it resolves, does not end, or ends with something else. */
export async function failureOf(call: Promise<unknown>): Promise<SyncError> {
  const ended = await within(
    call.then(
      (value) => ({ value, thrown: undefined as unknown }),
      (thrown: unknown) => ({ value: undefined, thrown }),
    ),
  )
  expect(ended).toEqual({ value: undefined, thrown: expect.any(Error) })
  if (!isSyncError(ended.thrown)) throw new Error('Expected a SyncError.', { cause: ended.thrown })
  expect(ended.thrown.message).not.toBe('')
  return ended.thrown
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
