import { registerBehaviours } from './behaviour.ts'
import { type SyncStoreBehaviour, type SyncStorePlace, storeBehaviours } from './sync-store-contract-bench.ts'
import { HISTORY_BEHAVIOURS } from './sync-store-contract-history.ts'
import { RECORD_BEHAVIOURS } from './sync-store-contract-records.ts'
import { ROW_BEHAVIOURS } from './sync-store-contract-rows.ts'
import { WRITE_BEHAVIOURS } from './sync-store-contract-writes.ts'

export const SYNC_STORE_BEHAVIOURS: readonly SyncStoreBehaviour[] = storeBehaviours([
  ...WRITE_BEHAVIOURS,
  ...RECORD_BEHAVIOURS,
  ...ROW_BEHAVIOURS,
  ...HISTORY_BEHAVIOURS,
])

/** Registers every behaviour of a `SyncStore` as a test; `makePlace` is called once for each. */
export const syncStoreContract = (makePlace: () => SyncStorePlace | Promise<SyncStorePlace>): void =>
  registerBehaviours('what every sync store keeps', SYNC_STORE_BEHAVIOURS, makePlace)
