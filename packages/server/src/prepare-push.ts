import {
  type DocumentKey,
  type Limits,
  type Operation,
  type PushRequest,
  type ReplicaId,
  SyncError,
  type Void,
  encodeTailOperation,
  isName,
  isVoid,
  utf8Length,
} from '@whisker/protocol'
import type { PreparedOperation } from './document-draft.ts'

/** A push that makes sense in itself, with each operation's text beside it. */
export interface PreparedPush {
  readonly request: PushRequest
  readonly entries: readonly PreparedEntry[]
}
export type PreparedEntry = Void | PreparedOperation

export const isPrepared = (entry: PreparedEntry): entry is PreparedOperation => 'operation' in entry

export const documentKey = ({ collection, document }: DocumentKey): string => `${collection}/${document}`

/**
 * Refuses what contradicts itself, before anything is read for it. A gap between the entries of one
 * replica is such a contradiction: only the gap before them may be the server's ignorance.
 */
export function preparePush(request: PushRequest, limits: Limits): PreparedPush {
  const { replicas, offers, entries, strategies } = request
  if (replicas.length === 0) throw badRequest('A push names the replicas that it speaks for; this one names none.')
  if (offers.length + entries.length > limits.batchOperations) {
    throw tooLarge(`at most ${limits.batchOperations} operations and offers`, offers.length + entries.length)
  }
  const unnamed = Object.keys(strategies).find((collection): boolean => !isName(collection))
  if (unnamed !== undefined) throw badRequest(`${JSON.stringify(unnamed.slice(0, 80))} is not a collection's name.`)
  const reached = new Map<ReplicaId, number>(replicas.map(({ replica, previous }) => [replica, previous.counter]))
  for (const entry of entries) {
    const [replica, from, to] = isVoid(entry)
      ? [entry.replica, entry.from, entry.to]
      : [entry.dot.replica, entry.dot.counter, entry.dot.counter]
    const last = reached.get(replica)
    if (last === undefined) throw badRequest(`The push holds an entry of ${replica}, which it does not speak for.`)
    if (from !== last + 1) {
      throw badRequest(
        `After ${replica}:${last} the push goes on with ${replica}:${from}, expected ${replica}:${last + 1}.`,
      )
    }
    reached.set(replica, to)
  }
  return { request, entries: entries.map((entry) => (isVoid(entry) ? entry : prepareOperation(entry))) }
}

function prepareOperation(operation: Operation): PreparedOperation {
  const text = JSON.stringify(encodeTailOperation(operation))
  return { operation, text, bytes: utf8Length(text) }
}

const badRequest = (message: string): SyncError => new SyncError('bad_request', message)

const tooLarge = (expected: string, got: number): SyncError =>
  new SyncError('too_large', `Expected ${expected} in one push, got ${got}.`, { fix: 'Send it in parts.' })
