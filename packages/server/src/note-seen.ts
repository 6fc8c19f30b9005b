import type { PullRequest, ReplicaRow, SpaceRecord, SyncStore } from '@whisker/protocol'
import { isRevoked } from './devices.ts'
import { lastOf } from './replica-draft.ts'
import { refuseClient } from './refuse-client.ts'
import type { Principal } from './principal.ts'
import { noChanges } from './space-changes.ts'

/** How often it is noted that a replica is still there. */
const SEEN_EVERY_MS = 3_600_000
/** How far it may come before that is noted all the same. */
const SINCE_STEP = 1000

/** Whether a pull tells something of its replicas that is worth a write. No pull makes a space. */
export function isNoteworthy(
  { acknowledged, cursor }: PullRequest,
  space: SpaceRecord,
  rows: readonly ReplicaRow[],
  nowMs: number,
): boolean {
  const [first] = acknowledged
  if (!space.exists || !first) return false
  return !rows.some(({ replica }) => replica === first.replica) || rows.some((row) => isStale(row, cursor.since, nowMs))
}

/** One that went back is noted at once: it needs more than is known. So is the end of its first scan. */
const isStale = ({ seenMs, since: noted }: ReplicaRow, since: number, nowMs: number): boolean =>
  nowMs - seenMs > SEEN_EVERY_MS || since < noted || since > noted + SINCE_STEP || (noted === 0 && since > 0)

/** Notes who pulls, and how far they have come: a device that only reads must not pass for one that is gone. */
export const noteSeen = async (
  request: PullRequest,
  principal: Principal,
  nowMs: number,
  store: SyncStore,
): Promise<void> =>
  store.write(request.space, async (transaction) => {
    const { acknowledged, device, cursor } = request
    const space = await transaction.space()
    const rows = await transaction.replicas(acknowledged.map(({ replica }) => replica))
    // Between the answer and this note it may have lost its place here.
    const known = { space, replicas: rows, isRevoked: await isRevoked(transaction, device, rows) }
    if (refuseClient(request, known, principal, nowMs)) return
    const seen = { device, seenMs: nowMs, since: cursor.since }
    const noted = rows.map((row): ReplicaRow => ({ ...row, ...seen }))
    const [first] = acknowledged
    if (first && !rows.some(({ replica }) => replica === first.replica)) {
      const { replica } = first
      noted.push({ replica, principal: principal.id, last: lastOf(undefined), isRetired: false, ...seen })
    }
    await transaction.put({
      ...noChanges(space),
      replicas: noted.map((row) => ({ row, checks: [], forgetUpTo: 0 })),
    })
  })
