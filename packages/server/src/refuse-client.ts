import type { Position, Refusal, ReplicaRow, SpaceRecord } from '@whisker/protocol'
import { epochsFrom, isAheadOf, isExpired } from './position.ts'
import { noSuchSpace, refusalOf } from './refusal.ts'
import type { Principal } from './principal.ts'

/** What a space knows of whoever asks. */
export interface KnownClient {
  readonly space: SpaceRecord
  /** The known ones of the replicas that the request names as its own. */
  readonly replicas: readonly ReplicaRow[]
  readonly isRevoked: boolean
}

/** Why neither a push nor a pull of this client is answered: the principal, the device, the epoch, the retention. */
export function refuseClient(
  position: Position,
  { space, replicas, isRevoked }: KnownClient,
  principal: Principal,
  nowMs: number,
): Refusal | undefined {
  const foreign = replicas.find((row) => row.principal !== principal.id)
  if (foreign) {
    return refusalOf('wrong_principal', `The replica ${foreign.replica} was first used by another principal.`, {
      fix: 'Sign in as whoever wrote with it.',
    })
  }
  if (isRevoked) return noSuchSpace()
  const resync = (reason: 'restored' | 'expired', message: string): Refusal =>
    refusalOf('resync', message, { reason, epochs: epochsFrom(space, position.cursor.epoch), timeMs: nowMs })
  if (isAheadOf(space, position)) {
    const message = 'The server does not hold all that this client was told; its database was restored or replaced.'
    return resync('restored', message)
  }
  if (!isExpired(space, position, replicas)) return undefined
  return resync('expired', 'This client was away for longer than the server remembers what was deleted.')
}
