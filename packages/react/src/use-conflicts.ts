import type { OpenConflict } from '@whisker/engine'
import { isSameJson } from './is-same-json.ts'
import { useSyncEngine } from './provider.ts'
import { useView } from './view.ts'

const NOTHING: readonly never[] = []

/** The open conflicts of a collection: the same reference until there are others. */
export function useConflicts(collection: string): readonly OpenConflict[] {
  const engine = useSyncEngine()
  return useView<readonly OpenConflict[]>(
    () => {
      const documents = engine?.collection(collection)
      return (
        documents && {
          read: () => documents.conflicts(),
          isSame: isSameJson,
          watch: (changed) => documents.subscribe(changed),
        }
      )
    },
    [engine, collection],
    NOTHING,
  )
}
