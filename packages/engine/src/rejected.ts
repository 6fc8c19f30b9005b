import {
  type Delta,
  type Operation,
  SyncError,
  commonVersion,
  decodeStoredEntry,
  encodeStoredEntry,
  toJson,
  toSyncError,
} from '@whisker/protocol'
import type { Core, WriteResult } from './core.ts'
import type { Rejected } from './ledger/rejected.ts'
import { letGo } from './ledger/let-go.ts'
import { bytesOf } from './ledger/stored.ts'

/** Operations that the server refused, with their whole content: plain data, which can be shown and exported as JSON. */
export interface RejectedOperations {
  list(): readonly Rejected[]
  /**
   * Writes it again, under a new name and time, on what its author had seen; with other field writes than it had, if
   * they are given. What cannot be such an operation is `invalid_value`, and changes nothing.
   */
  retry(id: string, edited?: { readonly delta: Delta }): WriteResult
  discard(id: string): Promise<void>
}

export function rejectedOperations(core: Core): RejectedOperations {
  const { ledger, options } = core
  const find = (id: string): Rejected => {
    const found = ledger.rejected.get(id)
    if (found) return found
    throw new SyncError('invalid_options', `No rejected operation is called ${JSON.stringify(id)}.`, {
      fix: 'Use an id that rejected.list() gives; it may have been retried or discarded already.',
    })
  }
  return {
    list: () => [...ledger.rejected.values()],
    retry: (id, edited) =>
      core.write(() => {
        const { operation } = find(id)
        const { type, collection, document, base, delta, keep, drop } = edited
          ? withDelta(operation, edited.delta)
          : operation
        // It may name operations of this device that the server will never see.
        const seen = commonVersion(base, ledger.obtain(collection, document).state.version)
        const draft = { type, collection, document, base: seen, delta, keep, drop }
        const written = ledger.write(draft, options.clock.now(), bytesOf)
        letGo(ledger, id)
        return { operations: [written], result: undefined }
      }),
    async discard(id) {
      find(id)
      letGo(ledger, id)
      await core.commit()
    },
  }
}

/** The operation with other field writes, read as strictly as if it came from elsewhere. */
function withDelta(operation: Operation, delta: Delta): Operation {
  try {
    if (!Array.isArray(delta)) throw new SyncError('invalid_value', `A delta is a list, not a ${typeof delta}.`)
    const written = delta.map(({ root, path, value }) => ({
      root,
      path: [...path],
      value: value === undefined ? undefined : toJson(value),
    }))
    const encoded = encodeStoredEntry({ ...operation, delta: written })
    return decodeStoredEntry(JSON.parse(JSON.stringify(encoded)), 'delta') as Operation
  } catch (cause) {
    throw new SyncError('invalid_value', toSyncError(cause, 'invalid_value').message, {
      cause,
      fix: 'Give a list of { root, path, value }, as rejected.list() shows it; a create begins with the whole document.',
    })
  }
}
