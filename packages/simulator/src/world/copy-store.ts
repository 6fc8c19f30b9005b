import type {
  DocumentChange,
  ReplicaChange,
  RevokedDevice,
  SpaceReader,
  SpaceRecord,
  SyncStore,
} from '@whisker/protocol'

/** Copies one space into an empty store, through what every store can do. */
export async function copySpace(from: SyncStore, to: SyncStore, space: string): Promise<void> {
  const { record, ...copied } = await from.read(space, readAll)
  const nothing = { strategies: [], replicas: [], documents: [], removed: [], revoked: [] }
  for (const { id, began } of record.epochs) {
    if (began > 0) await to.write(space, async (transaction) => transaction.put({ ...record, ...nothing, head: began }))
    await to.begin(id)
  }
  if (!record.exists) return
  await to.write(space, async (transaction) =>
    transaction.put({ ...record, ...nothing, ...copied, strategies: record.strategies }),
  )
}

interface CopiedSpace {
  readonly record: SpaceRecord
  readonly replicas: readonly ReplicaChange[]
  readonly documents: readonly DocumentChange[]
  readonly revoked: readonly RevokedDevice[]
}

async function readAll(reader: SpaceReader): Promise<CopiedSpace> {
  const record = await reader.space()
  const rows = await reader.changedAfter(0, Number.MAX_SAFE_INTEGER)
  const states = await reader.states(rows)
  const tails = await reader.tails(rows.map((row) => ({ row, after: row.tailStart })))
  const replicas: ReplicaChange[] = []
  for (const row of await reader.allReplicas()) {
    replicas.push({ row, checks: await reader.checks(row.replica, 0), forgetUpTo: 0 })
  }
  const revoked: RevokedDevice[] = []
  for (const device of new Set(replicas.map(({ row }) => row.device.id))) {
    const atMs = await reader.revokedAt(device)
    if (atMs !== undefined) revoked.push({ device, atMs })
  }
  const documents = rows.map((row, index) => ({ row, state: states[index], appended: tails[index] ?? [] }))
  return { record, replicas, documents, revoked }
}
