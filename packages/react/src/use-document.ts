import type { DeepReadonly } from '@whisker/engine'
import { documentsOf, useSyncEngine } from './provider.ts'
import { useView } from './view.ts'

/**
 * One document, frozen and the same reference until it changes; undefined if there is none. Whoever edits it in a form hands
 * it back as `read`: `set(id, edited, { read })`.
 */
export function useDocument<T>(collection: string, id: string): DeepReadonly<T> | undefined {
  const engine = useSyncEngine()
  return useView<DeepReadonly<T> | undefined>(
    () => {
      const documents = documentsOf<T>(engine, collection)
      return (
        documents && {
          read: () => documents.get(id),
          isSame: Object.is,
          watch: (changed) => documents.subscribe((changes) => changes.some((one) => one.id === id) && changed()),
        }
      )
    },
    [engine, collection, id],
    undefined,
  )
}
