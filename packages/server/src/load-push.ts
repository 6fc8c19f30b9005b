import {
  type Limits,
  type ReplicaId,
  type ReplicaMark,
  type ReplicaRow,
  type SpaceReader,
  type SpaceRecord,
  type SyncRow,
} from '@whisker/protocol'
import { isRevoked } from './devices.ts'
import { type LoadedDocument, canDelete, outgrows } from './document-draft.ts'
import { type PreparedPush, documentKey, isPrepared } from './prepare-push.ts'

/** All that the store holds and a push can touch. */
export interface LoadedPush {
  readonly space: SpaceRecord
  /** Whether the device, or that of a replica it speaks for, was revoked. */
  readonly isRevoked: boolean
  /** The known ones of the replicas that the push speaks for or names in a base. */
  readonly replicas: ReadonlyMap<ReplicaId, ReplicaRow>
  /** Of the replicas it speaks for: the kept check values from the first counter on that it names. */
  readonly checks: ReadonlyMap<ReplicaId, readonly ReplicaMark[]>
  readonly documents: ReadonlyMap<string, LoadedDocument>
}

export interface LoadOptions {
  readonly limits: Limits
  /** Whether the app looks at each document. */
  readonly validates: boolean
}

export async function loadPush(reader: SpaceReader, push: PreparedPush, options: LoadOptions): Promise<LoadedPush> {
  const { replicas: claims, offers } = push.request
  const operations = push.entries.filter(isPrepared)
  const named = new Set(claims.map(({ replica }) => replica))
  for (const { operation } of operations) for (const { replica } of operation.base) named.add(replica)
  const rows = await reader.replicas([...named])
  const checks = new Map<ReplicaId, readonly ReplicaMark[]>()
  for (const { replica, previous } of claims) checks.set(replica, await reader.checks(replica, previous.counter))

  const keys = new Map(
    [...offers, ...operations.map(({ operation }) => operation)].map((key) => [documentKey(key), key]),
  )
  const documents = await reader.documents([...keys.values()])
  const incoming = new Map<string, number>()
  for (const { operation, bytes } of operations) {
    incoming.set(documentKey(operation), (incoming.get(documentKey(operation)) ?? 0) + bytes)
  }
  const entered = new Set([
    ...offers.map(documentKey),
    ...operations.filter(({ operation }) => canDelete(operation)).map(({ operation }) => documentKey(operation)),
  ])
  const needed = documents.filter(
    (row) =>
      options.validates ||
      row.tombstoneMs !== undefined ||
      entered.has(documentKey(row)) ||
      mayGrowOut(row, incoming.get(documentKey(row)) ?? 0, options.limits),
  )
  const states = await reader.states(needed)
  const tails = await reader.tails(needed.map((row) => ({ row, after: row.tailStart })))
  const contents = new Map(
    needed.map((row, index) => [row, { state: states[index] as string, tail: tails[index] ?? [] }]),
  )
  const replicas = new Map(rows.map((row) => [row.replica, row]))
  const claimed = claims.map(({ replica }) => replicas.get(replica)).filter((row) => row !== undefined)
  return {
    space: await reader.space(),
    isRevoked: await isRevoked(reader, push.request.device, claimed),
    replicas,
    checks,
    documents: new Map(documents.map((row) => [documentKey(row), { row, contents: contents.get(row) }])),
  }
}

/** Whether the push may make a document too large to be let in unseen, or its tail too large to be kept. */
const mayGrowOut = ({ stateBytes, tailBytes }: SyncRow, incoming: number, limits: Limits): boolean =>
  outgrows(tailBytes + incoming, stateBytes) || stateBytes + tailBytes + incoming > limits.documentBytes
