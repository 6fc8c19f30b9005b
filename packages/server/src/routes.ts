import { PROTOCOL_VERSION, encodeDevices, parseJson } from '@whisker/protocol'
import { type Context, Hono } from 'hono'
import { type Answer, type Exchange, answerRefusal, answerWith, respond } from './answer.ts'
import { listDevices, revokeDevice } from './devices.ts'
import { readBody } from './read-body.ts'
import { refusalFor, refusalOf } from './refusal.ts'
import { failureOf } from './request-log.ts'
import type { Principal } from './principal.ts'
import { SOCKET_PATH } from './socket-path.ts'
import {
  type SpaceRequest,
  type SpaceServices,
  answerPull,
  answerPush,
  answerVersion,
  enter,
} from './space-requests.ts'

export interface RouteServices extends SpaceServices {
  identify(request: Request): Promise<Principal>
}

interface Env {
  Bindings: Exchange
}
type Handler = (request: SpaceRequest, context: Context<Env>) => Promise<Answer>

const VERSION = '/v1/spaces/:space/version'
const OPERATIONS = '/v1/spaces/:space/operations'
const DEVICES = '/v1/spaces/:space/devices'
const DEVICE = '/v1/spaces/:space/devices/:device'

/** To who meant to open a socket; a proxy before the server may have forgotten that. */
const NO_SOCKET: Answer = {
  ...answerRefusal(
    426,
    refusalOf('bad_request', 'A WebSocket is opened here, and this request asks for none.', {
      fix: 'Have each proxy before the server pass on the headers `Upgrade` and `Connection`.',
    }),
  ),
  headers: { upgrade: 'websocket', connection: 'Upgrade, close' },
}

/** What the server answers at which path. Every path but `/health` is somebody's, in a space. */
export function createRoutes(services: RouteServices): Hono<Env> {
  const { limits } = services

  const version: Handler = (request) => answerVersion(request, services)

  const pull: Handler = (request, context) => answerPull(request, context.req.query(), context.req.raw.signal, services)

  const received = (bytes: number): void => services.metrics.bytesReceived.add(bytes)
  const push: Handler = (request, context) =>
    answerPush(
      request,
      async () => parseJson(await readBody(context.req.raw, limits.messageBytes, received), limits.messageDepth),
      services,
    )

  const devices: Handler = async (request) => {
    await enter(request, 'read', services)
    return answerWith(encodeDevices(await listDevices(request.space, services)))
  }

  const revoke: Handler = async (request, context) => {
    await enter(request, 'manage', services)
    const { device, atMs } = await revokeDevice(request.space, context.req.param('device') ?? '', services)
    return answerWith({ v: PROTOCOL_VERSION, id: device, revokedAt: atMs })
  }

  const inSpace =
    (route: string, handle: Handler) =>
    async (context: Context<Env>): Promise<Response> => {
      context.env.route = route
      const principal = await services.identify(context.req.raw)
      const request = { principal, space: context.req.param('space') ?? '', exchange: context.env }
      return respond(context.req.raw, context.env, await handle(request, context))
    }

  const refuse =
    (status: number, message: string) =>
    async (context: Context<Env>): Promise<Response> =>
      respond(context.req.raw, context.env, answerRefusal(status, refusalOf('bad_request', message)))
  const wrongMethod = refuse(405, 'This path does not know this method.')

  return new Hono<Env>()
    .get('/health', async (context) => {
      context.env.route = '/health'
      await services.ready()
      return respond(context.req.raw, context.env, answerWith({ ok: true }))
    })
    .get(VERSION, inSpace(VERSION, version))
    .get(OPERATIONS, inSpace(OPERATIONS, pull))
    .post(OPERATIONS, inSpace(OPERATIONS, push))
    .get(DEVICES, inSpace(DEVICES, devices))
    .delete(DEVICE, inSpace(DEVICE, revoke))
    .get(SOCKET_PATH, async (context) => {
      context.env.route = SOCKET_PATH
      return respond(context.req.raw, context.env, NO_SOCKET)
    })
    .all(SOCKET_PATH, wrongMethod)
    .all('/health', wrongMethod)
    .all(VERSION, wrongMethod)
    .all(OPERATIONS, wrongMethod)
    .all(DEVICES, wrongMethod)
    .all(DEVICE, wrongMethod)
    .notFound(refuse(404, 'There is nothing at this path.'))
    .onError(async (thrown, context) => {
      const { status, refusal } = refusalFor(thrown)
      if (status >= 500) context.env.failure = failureOf(thrown)
      return respond(context.req.raw, context.env, answerRefusal(status, refusal))
    })
}
