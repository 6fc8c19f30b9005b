import {
  type DocumentState,
  EMPTY_STATE,
  type Operation,
  type ReplicaId,
  type Seq,
  type VersionVector,
  apply,
} from '@whisker/protocol'

/** One document of this replica: what the server has confirmed, and what waits to be sent on top of it. */
export interface LocalDocument {
  readonly collection: string
  readonly id: string
  /** What receipts, pages and accepted offers contained; all that the store keeps of the document. */
  confirmed: DocumentState
  /** The seq at which the server confirmed it last. */
  seq: Seq
  /** Whether it is to be sent to the server as a state, because the server lost it. */
  offered: boolean
  /** The last scan from the start that held it. */
  scan: number
  /** What of it is in the digest; undefined if it is not. */
  counted: number | undefined
  /** Whether it is counted as a row of the store. */
  isRow: boolean
  /** Its operations in the outbox, in outbox order. */
  pending: readonly Operation[]
  /** The confirmed state with the pending operations applied: what the app sees. */
  state: DocumentState
}

export const newDocument = (collection: string, id: string): LocalDocument => ({
  collection,
  id,
  confirmed: EMPTY_STATE,
  seq: 0,
  offered: false,
  scan: 0,
  counted: undefined,
  isRow: false,
  pending: NONE,
  state: EMPTY_STATE,
})

const NONE: readonly Operation[] = Object.freeze([])

/** Brings `state` up to date after `confirmed` or `pending` changed. */
export function refold(document: LocalDocument): void {
  document.state = document.pending.reduce(apply, document.confirmed)
}

/**
 * What a writer can say to have seen. Pending edits of a document whose row is gone from the disk stand on what was in it;
 * their ids stand for that, too, and nobody has it before their eyes.
 */
export function seenBy(writer: ReplicaId, { confirmed, pending }: LocalDocument, base: VersionVector): VersionVector {
  if (confirmed !== EMPTY_STATE) return base
  const begun = pending.findIndex(({ type }) => type === 'create')
  const standing = begun < 0 ? pending : pending.slice(0, begun)
  if (standing.length === 0) return base
  const others = new Set(standing.map(({ dot }) => dot.replica).filter((replica) => replica !== writer))
  return base.filter(({ replica }) => !others.has(replica))
}

/** Whether an operation has nothing to say; a void takes its place, since nothing reads such a one. */
export const isEmpty = ({ delta, drop }: Operation): boolean => delta.length === 0 && drop.length === 0
