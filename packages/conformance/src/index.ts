export { stateStoreContract } from './state-store-contract.ts'
export type { StatePlace, StateStoreBehaviour } from './state-store-contract.ts'
