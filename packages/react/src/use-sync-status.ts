import type { SyncStatus } from '@whisker/engine'
import { isSameJson } from './is-same-json.ts'
import { useSyncEngine } from './provider.ts'
import { useView } from './view.ts'

const NOTHING: SyncStatus = {
  state: 'stopped',
  pending: 0,
  conflicts: 0,
  rejected: 0,
  everSynced: false,
  attempt: 0,
}

/** What is going on: the same reference until something of it changes. Stopped until there is an engine. */
export function useSyncStatus(): SyncStatus {
  const engine = useSyncEngine()
  return useView<SyncStatus>(
    () =>
      engine && {
        read: () => engine.status,
        isSame: isSameJson,
        watch: (changed) => engine.on('status_changed', changed),
      },
    [engine],
    NOTHING,
  )
}
