import { type Server, type ServerResponse, createServer as createHttpServer } from 'node:http'
import { type HttpBindings, getRequestListener } from '@hono/node-server'
import { answerRefusal } from './answer.ts'
import { JSON_HEADERS } from './answer-headers.ts'
import { answerOn } from './raw-answer.ts'
import { refusalOf } from './refusal.ts'
import type { ServeOptions, SocketTimeouts, SyncServer } from './server-options.ts'
import { takeRest } from './take-rest.ts'

export const SOCKET_TIMEOUTS: SocketTimeouts = { headersMs: 20_000, requestMs: 120_000, idleMs: 120_000 }

/** Longer than a client waits between two pulls. */
const KEEP_ALIVE_MS = 65_000
/** How often Node looks for requests that take too long. */
const MOST_CHECK_MS = 10_000

/**
 * Node's HTTP server around `fetch`. What is no request (garbage, headers without end, a body that never comes) is
 * answered here with the words and headers of any other refusal, and its connection is closed.
 */
export function createListener(
  server: SyncServer,
  timeouts: SocketTimeouts,
  remoteAddress: ServeOptions['remoteAddress'],
): Server {
  const { headersMs, requestMs, idleMs } = timeouts
  const answered = async (request: Request, { incoming }: Pick<HttpBindings, 'incoming'>): Promise<Response> => {
    const response = await server.fetch(request)
    await takeRest(request, incoming)
    return response
  }
  const onRequest = getRequestListener(async (request, bindings) => answered(request, bindings as HttpBindings), {
    // The globals are the app's, not ours to replace.
    overrideGlobalObjects: false,
    errorHandler: () => new Response(MALFORMED.text, { status: MALFORMED.status, headers: JSON_HEADERS }),
  })
  const http = createHttpServer(
    {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(MOST_CHECK_MS, headersMs),
      // A request without a host is refused in our words, not in Node's.
      requireHostHeader: false,
      // Whoever offers another protocol, as some do with every request, is answered in this one.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
    (incoming, outgoing) => void onRequest(incoming, outgoing),
  )
  http.setTimeout(idleMs)
  // Nothing here waits for leave to send a body, whatever a client expects.
  http.on('checkExpectation', (incoming, outgoing) => void http.emit('request', incoming, outgoing))
  http.on('upgrade', (incoming, socket, head) => {
    try {
      server.upgrade(incoming, socket, head, remoteAddress?.(incoming))
    } catch {
      // The host's own function failed; thrown from here it would end the process.
      answerOn(socket, FAILED)
    }
  })
  http.on('connect', (_, socket) => answerOn(socket, NO_PROXY))

  const unfinished = new WeakMap<object, Set<ServerResponse>>()
  http.on('request', ({ socket }, outgoing) => {
    const answers = unfinished.get(socket) ?? new Set()
    unfinished.set(socket, answers.add(outgoing))
    outgoing.once('close', () => answers.delete(outgoing))
  })
  http.on('clientError', (error, socket) => {
    const isMidway = [...(unfinished.get(socket) ?? [])].some((outgoing) => outgoing.headersSent)
    // Half an answer may have left: anything written now would be read as its other half.
    if (isMidway) socket.destroy()
    else answerOn(socket, REFUSALS[(error as NodeJS.ErrnoException).code ?? ''] ?? MALFORMED)
  })
  return http
}

const FAILED = answerRefusal(500, refusalOf('server_error', 'The server failed to answer this request.'))
const NO_PROXY = answerRefusal(405, refusalOf('bad_request', 'This server is no proxy.'))
const MALFORMED = answerRefusal(400, refusalOf('bad_request', 'What came is not a request of HTTP/1.1.'))
/**
 * By the code of Node's error; what is not here is malformed. None is `too_large`, at which a client splits its work:
 * what is too large here is no part of the work.
 */
const REFUSALS: Readonly<Record<string, ReturnType<typeof answerRefusal>>> = {
  HPE_HEADER_OVERFLOW: answerRefusal(431, refusalOf('bad_request', 'The URL and the headers have at most 16 KiB.')),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: answerRefusal(413, refusalOf('bad_request', 'The chunks have too long extensions.')),
  // The network was slow, not the client wrong: it tries again.
  ERR_HTTP_REQUEST_TIMEOUT: answerRefusal(408, refusalOf('unavailable', 'The request took too long to arrive.')),
}
