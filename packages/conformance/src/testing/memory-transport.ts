import {
  LIMITS,
  type RequestOptions,
  SyncError,
  type SyncErrorCode,
  type Transport,
  REFUSAL_CODES,
  checkName,
  decodePage,
  decodePull,
  decodePush,
  decodeReceipt,
  decodeServerVersion,
  encodePull,
  encodePush,
  isSyncError,
  parseJson,
  utf8Length,
} from '@whisker/protocol'
import type { Peer, ReceivedRequest, Reply, TransportPlace, TransportSettings } from '../transport-contract-bench.ts'

/** Ways in which a transport could go wrong, each one that somebody could write, and the behaviour that finds it out. */
export const TRANSPORT_FAULTS = [
  [
    'asks again after a lost connection',
    'a call that has its connection broken off fails as network, and is asked once',
  ],
  ['asks again after a refusal for now', 'a call that is refused for now fails as unavailable, and is asked once'],
  [
    'asks again behind its caller',
    'a call that is refused by a failing server fails as server_error, and is asked once',
  ],
  ['drops the details of a refusal', 'a refusal arrives as an error with all of it: resync'],
  ['drops the epochs of a refusal', 'a refusal arrives as an error with all of it: new_epoch'],
  ['takes every refusal for a failing server', 'a refusal with a code and a sentence alone arrives as that'],
  [
    'believes any code of a server',
    'a code that is not for servers to say is server_error, and is kept in the details',
  ],
  [
    'gives parallel calls the answer of the last',
    'calls that run at once each get their own answer, whichever comes first',
  ],
  [
    'answers parallel calls in the order of their asking',
    'calls that run at once each get their own answer, whichever comes first',
  ],
  ['takes an answer that was cut for whole', 'an answer that is cut anywhere is never taken for whole'],
  ['takes garbage for an empty message', 'an answer that is none is bad_message'],
  ['hears no abort before it asks', 'a call that was aborted before it began is aborted, and asks nothing'],
  [
    'hears no abort while it asks for the token',
    'a call that is aborted while it waits for its token is aborted, and asks nothing',
  ],
  ['hears no abort once it has asked', 'a call that is aborted while it waits for its answer is aborted'],
  ['hears no abort once the answer has begun', 'a call that is aborted in the middle of its answer is aborted'],
  ['aborts every call that runs', 'aborting one call leaves the others that run at once alone'],
  ['gives the answer of before to the same question', 'the same question gets the answer of now, never one of before'],
  [
    'tells the rows of a page in another order',
    'a pull arrives as it was sent, and its page comes back as it was answered',
  ],
  [
    'drops the strategies of a push',
    'a push arrives with everything in its order, and its receipt comes back as it was answered',
  ],
  ['loses what is not ASCII', 'texts arrive as they were written, whatever they hold'],
  ['cuts large answers', 'a page of four megabytes comes back whole'],
  ['refuses fields that it does not know', 'fields of an answer that it does not know are passed over'],
  ['takes an answer of any version', 'a page or a receipt of another version of the protocol is refused'],
  ['never times out', 'a call that has no answer fails as timeout, and is asked once'],
  ['lets a pull that waits no longer than any other', 'a pull that lets the server wait has that much longer'],
  ['calls silence a lost connection', 'a call that has no answer fails as timeout, and is asked once'],
  [
    'goes on after closing',
    'after closing every call is refused as closed and asks nothing, and closing again does nothing',
  ],
  ['leaves a running call open when it is closed', 'closing ends what runs as closed'],
  ['counts no bytes', 'the meter is told the bytes of a push and of its receipt'],
  ['counts the bytes of all calls together', 'each call that runs at once has its own meter told'],
  ['keeps the first token', 'a token that was refused is not used again: the next call asks for it anew'],
  ['puts the token into the address', 'the token reaches the server as it is, and never in an address'],
  ['shows the token in its errors', 'no error shows the token'],
  ['asks without a token where none can be had', 'where no token can be had it is needs_auth, and nothing is asked'],
  [
    'throws when it is asked whether a server is there',
    'asking whether a server is available never throws, whatever is wrong',
  ],
  ['says that any server is there', 'a server that answers is available, and one that is not there is not'],
  ['throws what is no SyncError', 'where nobody answers it is network'],
  [
    'throws where it should reject',
    'a space that is no name is refused with an error of the call, and nothing is asked',
  ],
  ['takes any text for a space', 'a space that is no name is refused with an error of the call, and nothing is asked'],
] as const
export type TransportFault = (typeof TRANSPORT_FAULTS)[number][0]

/** A server that is a function, and its address a flag. */
interface MemoryServer {
  peer: Peer
  isUp: boolean
}

/** A place for the reference transport: everything as the port says, but for one fault. */
export function memoryPlace(fault?: TransportFault): TransportPlace {
  const server: MemoryServer = { peer: () => ({ kind: 'silence' }), isUp: true }
  return {
    transport: (settings) => memoryTransport(server, settings, fault),
    serve(peer) {
      server.peer = peer
    },
    async stop() {
      server.isUp = false
    },
    async start() {
      server.isUp = true
    },
  }
}

interface Question<T> {
  readonly space: string
  /** What goes out as a body, if anything. */
  readonly body: string
  readonly timeoutMs: number
  readonly requestOf: () => WithoutToken
  readonly decode: (message: unknown) => T
  readonly options: RequestOptions
}
type WithoutToken = ReceivedRequest extends infer One
  ? One extends unknown
    ? Omit<One, 'token' | 'address'>
    : never
  : never

/** How far a call has come. */
interface Progress {
  step: 'token' | 'asked' | 'begun'
  isOver: boolean
}

const NEVER = new Promise<never>(() => undefined)
const SERVER_CODES: ReadonlySet<string> = new Set(REFUSAL_CODES)

function memoryTransport(server: MemoryServer, settings: TransportSettings, fault?: TransportFault): Transport {
  const has = (one: TransportFault): boolean => fault === one
  const closing = new AbortController()
  const answersBefore = new Map<string, string>()
  const waiting: ((text: string) => void)[] = []
  const running = new Set<() => void>()
  let lastText = Promise.resolve('')
  let firstToken: string | undefined
  let countedBefore = 0

  const tokenNow = async (): Promise<string | undefined> => {
    try {
      const token = await settings.token()
      firstToken ??= token
      return has('keeps the first token') ? firstToken : token
    } catch (cause) {
      if (has('asks without a token where none can be had')) return undefined
      throw new SyncError('needs_auth', 'The token cannot be had.', { fix: 'Sign in again.', cause })
    }
  }

  const exchange = async <T>(question: Question<T>, progress: Progress): Promise<T> => {
    const { options } = question
    const token = await tokenNow()
    if (progress.isOver && !has('hears no abort while it asks for the token')) return NEVER
    const address = `/${question.space}${has('puts the token into the address') ? `?token=${token ?? ''}` : ''}`
    const request = { ...question.requestOf(), token, address } as ReceivedRequest
    const begin = (): void => {
      progress.step = 'begun'
      options.meter?.('received', 1)
    }
    const ask = async (): Promise<string> => textOf(await replyTo(server, request), fault, begin)
    progress.step = 'asked'
    countedBefore += utf8Length(question.body)
    options.meter?.('sent', has('counts the bytes of all calls together') ? countedBefore : utf8Length(question.body))
    const key = JSON.stringify(request)
    const asked = has('gives the answer of before to the same question') ? answersBefore.get(key) : undefined
    const own = asked === undefined ? asking(ask) : Promise.resolve(asked)
    lastText = own.catch(() => '')
    const text = has('gives parallel calls the answer of the last')
      ? await own.then(() => lastText)
      : await inOrder(own)
    answersBefore.set(key, text)
    countedBefore += utf8Length(text)
    if (!has('counts no bytes')) {
      options.meter?.('received', has('counts the bytes of all calls together') ? countedBefore : utf8Length(text))
    }
    return decoded(question.decode, text, fault)
  }

  const inOrder = async (own: Promise<string>): Promise<string> => {
    if (!has('answers parallel calls in the order of their asking')) return own
    const { promise, resolve } = Promise.withResolvers<string>()
    waiting.push(resolve)
    void own.then((text) => waiting.shift()?.(text))
    return promise
  }

  const asking = async (ask: () => Promise<string>): Promise<string> => {
    try {
      return await ask()
    } catch (thrown) {
      const code = isSyncError(thrown) ? thrown.code : undefined
      if (has('asks again after a lost connection') && code === 'network') return ask()
      if (has('asks again after a refusal for now') && code === 'unavailable') return ask()
      if (has('asks again behind its caller')) void ask().catch(() => undefined)
      if (has('shows the token in its errors') && isSyncError(thrown)) {
        throw new SyncError(thrown.code, `${thrown.message} (${firstToken ?? ''})`, { details: thrown.details })
      }
      if (has('throws what is no SyncError')) throw new Error('It failed.', { cause: thrown })
      throw thrown
    }
  }

  const call = <T>(question: Question<T>): Promise<T> => {
    if (has('throws where it should reject')) checkName(question.space, 'space')
    return called(question)
  }

  const called = async <T>(question: Question<T>): Promise<T> => {
    const { signal } = question.options
    if (closing.signal.aborted && !has('goes on after closing')) throw closed()
    if (!has('takes any text for a space')) checkName(question.space, 'space')
    if (signal?.aborted && !has('hears no abort before it asks')) throw aborted()
    const progress: Progress = { step: 'token', isOver: false }
    const { promise: end, reject } = Promise.withResolvers<never>()
    const abort = (): void => reject(aborted())
    running.add(abort)
    const onAbort = (): void => {
      if (has('hears no abort once it has asked') && progress.step === 'asked') return
      if (has('hears no abort once the answer has begun') && progress.step === 'begun') return
      for (const one of has('aborts every call that runs') ? running : [abort]) one()
    }
    const onClose = (): void => (has('leaves a running call open when it is closed') ? undefined : reject(closed()))
    const late = new SyncError(has('calls silence a lost connection') ? 'network' : 'timeout', 'No answer in time.')
    const timer = setTimeout(() => !has('never times out') && reject(late), question.timeoutMs)
    signal?.addEventListener('abort', onAbort)
    closing.signal.addEventListener('abort', onClose)
    return Promise.race([end, exchange(question, progress)]).finally(() => {
      progress.isOver = true
      running.delete(abort)
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      closing.signal.removeEventListener('abort', onClose)
    })
  }

  return {
    version: (space, options = {}) =>
      call({
        space,
        body: '',
        timeoutMs: settings.timeoutMs,
        requestOf: () => ({ kind: 'version', space }),
        decode: decodeServerVersion,
        options,
      }),
    pull: (request, options = {}) =>
      call({
        space: request.space,
        body: '',
        timeoutMs: settings.timeoutMs + (has('lets a pull that waits no longer than any other') ? 0 : request.waitMs),
        requestOf: () => ({ kind: 'pull', message: decodePull(request.space, encodePull(request), LIMITS) }),
        decode: (message) => {
          const page = decodePage(message)
          return has('tells the rows of a page in another order') ? { ...page, rows: page.rows.toReversed() } : page
        },
        options,
      }),
    push: (request, options = {}) => {
      const body = JSON.stringify(
        encodePush(has('drops the strategies of a push') ? { ...request, strategies: {} } : request),
      )
      return call({
        space: request.space,
        body,
        timeoutMs: settings.timeoutMs,
        requestOf: () => ({ kind: 'push', message: decodePush(request.space, parseJson(body), LIMITS) }),
        decode: decodeReceipt,
        options,
      })
    },
    async isAvailable({ signal } = {}) {
      if (has('throws when it is asked whether a server is there') && !server.isUp) throw noAnswer()
      if (has('says that any server is there')) return true
      return server.isUp && !closing.signal.aborted && !signal?.aborted
    },
    async close() {
      closing.abort()
    },
  }
}

const replyTo = async (server: MemoryServer, request: ReceivedRequest): Promise<Reply> =>
  server.isUp ? server.peer(request) : { kind: 'hang_up' }

/** The text of an answer that came whole. */
async function textOf(reply: Reply, fault: TransportFault | undefined, begin: () => void): Promise<string> {
  switch (reply.kind) {
    case 'answer':
      return faultyText(reply.text, fault)
    case 'refusal':
      throw refusalError(reply, fault)
    case 'silence':
      return NEVER
    case 'hang_up':
      throw noAnswer()
    case 'part':
      if (fault === 'takes an answer that was cut for whole') return reply.text
      if (reply.ending === 'hang_up') throw noAnswer()
      begin()
      return NEVER
  }
}

function faultyText(text: string, fault: TransportFault | undefined): string {
  if (fault === 'loses what is not ASCII') return text.replaceAll(/[^\0-\x7f]/g, '?')
  if (fault === 'cuts large answers') return text.slice(0, 2_000_000)
  return text
}

function decoded<T>(decode: (message: unknown) => T, text: string, fault: TransportFault | undefined): T {
  try {
    const message = parseJson(text)
    if (fault === 'refuses fields that it does not know' && text.includes('zzz')) throw new Error('Unknown field.')
    if (fault !== 'takes an answer of any version') return decode(message)
    return decode({ ...(message as object), v: 1 })
  } catch (cause) {
    if (fault === 'takes garbage for an empty message') return {} as T
    throw new SyncError('bad_message', 'The answer is none.', { cause })
  }
}

function refusalError({ refusal }: Reply & { readonly kind: 'refusal' }, fault: TransportFault | undefined): SyncError {
  const known = SERVER_CODES.has(refusal.code) || fault === 'believes any code of a server'
  const code = known && fault !== 'takes every refusal for a failing server' ? refusal.code : 'server_error'
  const told = fault === 'drops the epochs of a refusal' ? { ...refusal, epochs: [] } : refusal
  const details = fault === 'drops the details of a refusal' ? {} : { refusal: told }
  return new SyncError(code as SyncErrorCode, refusal.message, { fix: refusal.fix, details })
}

const noAnswer = (): SyncError => new SyncError('network', 'There was no answer.')
const aborted = (): SyncError => new SyncError('aborted', 'The call was aborted.')
const closed = (): SyncError => new SyncError('closed', 'The transport was closed.')
