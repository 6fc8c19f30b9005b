import {
  type CheckValue,
  type DocumentRow,
  type JsonValue,
  type OutboxRow,
  type ReplicaId,
  type StoreCommit,
  type VersionVector,
  encodeState,
  encodeStoredEntry,
} from '@whisker/protocol'
import type { StoreChecks } from '../checks/store-checks.ts'
import type { Violation } from '../checks/violation.ts'
import { creation } from './operations.ts'

export interface LinkParts {
  readonly epoch: string
  readonly since: number
  /** At the end of a scan unless it is another. */
  readonly after?: number
  /** What was told is what the cursor says, unless it is more. */
  readonly seen?: number
  readonly wantsOwn?: boolean
  readonly acknowledged?: Readonly<Record<ReplicaId, { readonly counter: number; readonly check: CheckValue }>>
}

/** What an engine writes of how far it has followed the server. */
export const linkRecord = ({ epoch, since, ...parts }: LinkParts): readonly [name: string, text: string] => [
  'link',
  JSON.stringify({
    cursor: { epoch, since, after: parts.after ?? since },
    seen: parts.seen ?? since,
    wantsOwn: parts.wantsOwn ?? false,
    acknowledged: parts.acknowledged ?? {},
  }),
]

/** A document as confirmed up to a version. */
export const documentRow = (document: string, version: VersionVector, isOffered = false): DocumentRow => [
  'stories',
  document,
  JSON.stringify([1, isOffered ? 1 : 0, encodeState({ version, writes: [] }) as JsonValue]),
]

/** An operation of a replica that waits to be sent. */
export const outboxRow = (
  position: number,
  replica: ReplicaId,
  counter: number,
  time?: number,
  title = 'The Dragon',
): OutboxRow => [position, JSON.stringify(encodeStoredEntry(creation(replica, counter, { time, value: { title } })))]

export const voidRow = (position: number, replica: ReplicaId, counter: number): OutboxRow => [
  position,
  JSON.stringify(encodeStoredEntry({ replica, from: counter, to: counter })),
]

/** Commits a device's rows under the eyes of its checks. Returns the rule that they break, if they do. */
export function commit(checks: StoreChecks, rows: Partial<StoreCommit>): string | undefined {
  try {
    checks.committed({ revision: 0, records: [], documents: [], outbox: [], rejected: [], ...rows })
    return undefined
  } catch (error) {
    return (error as Violation).rule
  }
}
