export type { Behaviour, Disposable } from './behaviour.ts'
export { transportContract } from './transport-contract.ts'
export type {
  Peer,
  ReceivedRequest,
  Reply,
  TransportBehaviour,
  TransportPlace,
  TransportSettings,
} from './transport-contract-bench.ts'
export { syncStoreContract } from './sync-store-contract.ts'
export type { SyncStoreBehaviour, SyncStorePlace } from './sync-store-contract-bench.ts'
export { stateStoreContract } from './state-store-contract.ts'
export type { StatePlace, StateStoreBehaviour } from './state-store-contract-bench.ts'
