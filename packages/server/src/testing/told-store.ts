import type { SpaceChanges, SyncStore } from '@whisker/protocol'
import { sqliteStore } from '../sqlite-store.ts'

/** A store in memory that tells what is about to be put into it. */
export function toldStore(tell: (changes: SpaceChanges) => void): SyncStore {
  const inner = sqliteStore(':memory:')
  return {
    ...inner,
    write: async (space, work) =>
      inner.write(space, async (transaction) =>
        work({
          ...transaction,
          async put(changes) {
            tell(changes)
            await transaction.put(changes)
          },
        }),
      ),
  }
}
