import { registerBehaviours } from './behaviour.ts'
import { type StatePlace, type StateStoreBehaviour, onBench } from './state-store-contract-bench.ts'
import { STATE_CHANGE_BEHAVIOURS } from './state-store-contract-changes.ts'
import { STATE_NOTICE_BEHAVIOURS } from './state-store-contract-notices.ts'
import { STATE_OPENING_BEHAVIOURS } from './state-store-contract-openings.ts'
import { STATE_REVISION_BEHAVIOURS } from './state-store-contract-revisions.ts'
import { STATE_ROW_BEHAVIOURS } from './state-store-contract-rows.ts'

export const STATE_STORE_BEHAVIOURS: readonly StateStoreBehaviour[] = [
  ...STATE_ROW_BEHAVIOURS,
  ...STATE_REVISION_BEHAVIOURS,
  ...STATE_CHANGE_BEHAVIOURS,
  ...STATE_OPENING_BEHAVIOURS,
  ...STATE_NOTICE_BEHAVIOURS,
].map(onBench)

/** Registers every behaviour of a `StateStore` as a test; `makePlace` is called once for each. */
export const stateStoreContract = (makePlace: () => StatePlace | Promise<StatePlace>): void =>
  registerBehaviours('what every state store keeps', STATE_STORE_BEHAVIOURS, makePlace)
