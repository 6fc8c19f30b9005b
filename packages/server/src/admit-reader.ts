import type { SpaceReader, SubscribeRequest } from '@whisker/protocol'
import { isRevoked } from './devices.ts'
import { type KnownClient, refuseClient } from './refuse-client.ts'
import { refused } from './refusal.ts'
import type { Principal } from './server-options.ts'

/** What the space knows of whoever reads it; throws what they are refused with. */
export async function admitReader(
  reader: SpaceReader,
  request: SubscribeRequest,
  principal: Principal,
  nowMs: number,
): Promise<KnownClient> {
  const space = await reader.space()
  const replicas = await reader.replicas(request.acknowledged.map(({ replica }) => replica))
  const known = { space, replicas, isRevoked: await isRevoked(reader, request.device, replicas) }
  const refusal = refuseClient(request, known, principal, nowMs)
  if (refusal) throw refused(refusal)
  return known
}
