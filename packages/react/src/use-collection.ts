import type { DeepReadonly, ListOptions, ListedDocument } from '@whisker/engine'
import { documentsOf, useSyncEngine } from './provider.ts'
import { useView } from './view.ts'

const NOTHING: readonly never[] = []

/**
 * The documents of a collection that `where` picks, in the order asked for; the same reference until the list looks different,
 * and each entry until it does. A `where` or `orderBy` that is made with each render is asked again with each.
 */
export function useCollection<T>(
  collection: string,
  { where, orderBy, descending, offset, limit }: ListOptions<DeepReadonly<T>> = {},
): readonly ListedDocument<T>[] {
  const engine = useSyncEngine()
  return useView<readonly ListedDocument<T>[]>(
    () => {
      const documents = documentsOf<T>(engine, collection)
      let known: ReadonlyMap<string, ListedDocument<T>> = new Map()
      return (
        documents && {
          read() {
            const list = documents.list({ where, orderBy, descending, offset, limit })
            const kept = list.map((now) => {
              const before = known.get(now.id)
              return before && isSameEntry(before, now) ? before : now
            })
            known = new Map(kept.map((entry) => [entry.id, entry]))
            return kept
          },
          isSame: (before, now) =>
            before.length === now.length && before.every((entry, at) => isSameEntry(entry, now[at])),
          watch(changed) {
            let { pending } = engine?.status ?? {}
            const ends = [
              documents.subscribe(changed),
              // An entry tells whether it is pending, and that ends without another change.
              engine?.on('status_changed', (status) => {
                if (status.pending === pending) return
                pending = status.pending
                changed()
              }),
            ]
            return () => ends.forEach((end) => end?.())
          },
        }
      )
    },
    [engine, collection, where, orderBy, descending, offset, limit],
    NOTHING,
  )
}

const isSameEntry = <T>(before: ListedDocument<T>, now: ListedDocument<T> | undefined): boolean =>
  before.id === now?.id &&
  before.value === now.value &&
  before.metadata === now.metadata &&
  before.pending === now.pending &&
  before.conflicts === now.conflicts
