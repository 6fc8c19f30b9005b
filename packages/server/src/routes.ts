import {
  PROTOCOL_VERSION,
  SyncError,
  decodePull,
  decodePush,
  encodeDevices,
  encodeReceipt,
  encodeServerVersion,
  isName,
  parseJson,
} from '@whisker/protocol'
import { type Context, Hono } from 'hono'
import { type Answer, type Exchange, answerRefusal, answerWith, respond } from './answer.ts'
import { listDevices, revokeDevice } from './devices.ts'
import { type PullServices, handlePull } from './handle-pull.ts'
import { type PushServices, allowPush, handlePush } from './handle-push.ts'
import { currentEpoch } from './position.ts'
import { readBody } from './read-body.ts'
import { refusalFor, refusalOf } from './refusal.ts'
import { failureOf } from './request-log.ts'
import type { Principal } from './server-options.ts'

export interface RouteServices extends PullServices, PushServices {
  identify(request: Request): Promise<Principal>
  /** Resolves when the store has taken this server's epoch. */
  ready(): Promise<void>
}

interface Env {
  Bindings: Exchange
}
type Right = (principal: Principal, space: string) => Promise<unknown>
type Handler = (space: string, context: Context<Env>, principal: Principal) => Promise<Answer>

const VERSION = '/v1/spaces/:space/version'
const OPERATIONS = '/v1/spaces/:space/operations'
const DEVICES = '/v1/spaces/:space/devices'
const DEVICE = '/v1/spaces/:space/devices/:device'

/** What the server answers at which path. Every path but `/health` is somebody's, in a space. */
export function createRoutes(services: RouteServices): Hono<Env> {
  const { store, clock, limits } = services

  const version: Handler = async (space) => {
    const record = await store.read(space, (reader) => reader.space())
    const { head } = record
    const epoch = currentEpoch(record)
    return answerWith(encodeServerVersion({ protocol: PROTOCOL_VERSION, epoch, head, timeMs: clock.now() }))
  }

  const pull: Handler = async (space, context, principal) => {
    const parameters = context.req.query()
    checkVersion(Number(parameters['v']))
    const request = decodePull(space, parameters, limits)
    const page = await handlePull(request, principal, context.req.raw.signal, services)
    context.env.operations = page.rowCount
    return { status: 200, text: page.text }
  }

  const push: Handler = async (space, context, principal) => {
    const message = parseJson(await readBody(context.req.raw, limits.messageBytes), limits.messageDepth)
    checkVersion((message as { readonly v?: unknown } | null)?.v)
    const request = decodePush(space, message, limits)
    context.env.operations = request.entries.length
    const receipt = await handlePush(request, principal, services)
    context.env.code = receipt.problem?.code
    return answerWith(encodeReceipt(receipt))
  }

  const devices: Handler = async (space) => answerWith(encodeDevices(await listDevices(space, services)))

  const revoke: Handler = async (space, context) => {
    const { device, atMs } = await revokeDevice(space, context.req.param('device') ?? '', services)
    return answerWith({ v: PROTOCOL_VERSION, id: device, revokedAt: atMs })
  }

  const toRead: Right = async (principal, space) => services.allow(principal, space, 'read')
  const toManage: Right = async (principal, space) => services.allow(principal, space, 'manage')
  const toPush: Right = async (principal, space) => allowPush(space, principal, services)

  const inSpace =
    (route: string, right: Right, handle: Handler) =>
    async (context: Context<Env>): Promise<Response> => {
      context.env.route = route
      const principal = await services.identify(context.req.raw)
      const space = context.req.param('space')
      if (!isName(space)) throw new SyncError('bad_request', 'What the path names is not a name for a space.')
      context.env.space = space
      await services.ready()
      // Before anything of the space or of a body is read: a stranger's costs nothing.
      await right(principal, space)
      return respond(context.req.raw, context.env, await handle(space, context, principal))
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
    .get(VERSION, inSpace(VERSION, toRead, version))
    .get(OPERATIONS, inSpace(OPERATIONS, toRead, pull))
    .post(OPERATIONS, inSpace(OPERATIONS, toPush, push))
    .get(DEVICES, inSpace(DEVICES, toRead, devices))
    .delete(DEVICE, inSpace(DEVICE, toManage, revoke))
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

function checkVersion(version: unknown): void {
  if (!Number.isSafeInteger(version) || (version as number) <= PROTOCOL_VERSION) return
  throw new SyncError(
    'unsupported_version',
    `Expected version ${PROTOCOL_VERSION} of the protocol, got ${String(version)}.`,
    {
      fix: 'Update the server.',
    },
  )
}
