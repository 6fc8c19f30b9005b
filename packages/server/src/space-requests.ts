import {
  PROTOCOL_VERSION,
  type PullRequest,
  SyncError,
  decodePull,
  decodePush,
  encodeReceipt,
  encodeServerVersion,
  isName,
} from '@whisker/protocol'
import { type Answer, type Exchange, answerWith } from './answer.ts'
import type { FrameReads } from './frame-reads.ts'
import { type PullServices, handlePull } from './handle-pull.ts'
import { type PushServices, type Taking, allowPush, handlePush } from './handle-push.ts'
import { currentEpoch } from './position.ts'
import type { Principal } from './principal.ts'

/** Somebody's request to a space, over HTTP or in a session, and what becomes known of it. */
export interface SpaceRequest {
  readonly principal: Principal
  readonly space: string
  readonly exchange: Exchange
}

export interface SpaceServices extends PullServices, PushServices {
  readonly frames: FrameReads
  /** Resolves when the store has taken this server's epoch. */
  ready(): Promise<void>
}

/** Lets somebody in, or throws, before anything of the space or of a body is read: a stranger's costs nothing. */
export async function enter(
  { principal, space, exchange }: SpaceRequest,
  door: 'read' | 'push' | 'manage',
  services: SpaceServices,
): Promise<void> {
  if (!isName(space)) throw new SyncError('bad_request', 'What the path names is not a name for a space.')
  exchange.space = space
  await services.ready()
  await (door === 'push' ? allowPush(space, principal, services) : services.allow(principal, space, door))
}

export async function answerVersion(request: SpaceRequest, services: SpaceServices): Promise<Answer> {
  await enter(request, 'read', services)
  const record = await services.store.read(request.space, (reader) => reader.space())
  const { head } = record
  const epoch = currentEpoch(record)
  return answerWith(encodeServerVersion({ protocol: PROTOCOL_VERSION, epoch, head, timeMs: services.clock.now() }))
}

export async function answerPull(
  request: SpaceRequest,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
  services: SpaceServices,
): Promise<Answer> {
  services.metrics.pulls.add()
  await enter(request, 'read', services)
  const page = await handlePull(readPull(request.space, parameters, services), request.principal, signal, services)
  request.exchange.operations = page.rowCount
  return { status: 200, text: page.text }
}

/** What a client says of itself when it pulls or subscribes. */
export function readPull(
  space: string,
  parameters: Readonly<Record<string, string>>,
  { limits }: SpaceServices,
): PullRequest {
  checkVersion(Number(parameters['v']))
  return decodePull(space, parameters, limits)
}

/** `read` gives the parsed message, once it is clear that somebody may push. */
export async function answerPush(
  request: SpaceRequest,
  read: () => Promise<unknown>,
  services: SpaceServices,
  taking?: Taking,
): Promise<Answer> {
  const { space, principal, exchange } = request
  services.metrics.pushes.add()
  await enter(request, 'push', services)
  const message = await read()
  checkVersion((message as { readonly v?: unknown } | null)?.v)
  const push = decodePush(space, message, services.limits)
  exchange.operations = push.entries.length
  const receipt = await handlePush(push, principal, services, taking)
  exchange.code = receipt.problem?.code
  return answerWith(encodeReceipt(receipt))
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
