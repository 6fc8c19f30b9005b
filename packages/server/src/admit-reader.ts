import type { SpaceReader, SpaceRecord, SubscribeRequest } from '@whisker/protocol'
import { isRevoked } from './devices.ts'
import { type KnownClient, refuseClient } from './refuse-client.ts'
import { refused } from './refusal.ts'
import type { Principal } from './principal.ts'

/** What the space knows of whoever reads it; throws what they are refused with. */
export const admitReader = async (
  reader: SpaceReader,
  request: SubscribeRequest,
  principal: Principal,
  nowMs: number,
): Promise<KnownClient> => admitTo(await reader.space(), reader, request, principal, nowMs)

/** The same where the space was read already, in the same snapshot. */
export async function admitTo(
  space: SpaceRecord,
  reader: SpaceReader,
  request: SubscribeRequest,
  principal: Principal,
  nowMs: number,
): Promise<KnownClient> {
  const replicas = await reader.replicas(request.acknowledged.map(({ replica }) => replica))
  const known = { space, replicas, isRevoked: await isRevoked(reader, request.device, replicas) }
  const refusal = refuseClient(request, known, principal, nowMs)
  if (refusal) throw refused(refusal)
  return known
}
