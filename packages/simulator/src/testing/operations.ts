import {
  EMPTY_VERSION,
  type JsonObject,
  NO_NAMES,
  type Operation,
  type ReplicaId,
  timestampAt,
} from '@whisker/protocol'

/** A replica id that can be told from others in a failure. */
export const replicaNamed = (name: string): ReplicaId => name.padEnd(16, '_') as ReplicaId

/** A time at which the world of a test may stand. */
export const NOON_MS: number = Date.UTC(2026, 0, 1, 12)

export interface OperationParts {
  readonly document?: string | undefined
  readonly value?: JsonObject | undefined
  readonly time?: number | undefined
}

/** A replica's operation of that number: it creates a document of its own. */
export function creation(replica: ReplicaId, counter: number, parts: OperationParts = {}): Operation {
  const { document = `${replica}-${counter}`, value = { title: 'The Dragon' } } = parts
  return {
    type: 'create',
    collection: 'stories',
    document,
    dot: { replica, counter },
    time: parts.time ?? timestampAt(NOON_MS) + counter,
    base: EMPTY_VERSION,
    delta: [{ root: 'content', path: [], value }],
    keep: NO_NAMES,
    drop: NO_NAMES,
  }
}
