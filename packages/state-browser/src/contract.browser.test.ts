import { stateStoreContract } from '@whisker/conformance'
import { browserState } from './browser-state.ts'

let count = 0

stateStoreContract(() => {
  const name = `contract ${++count}`
  return { store: () => browserState({ name, persist: false }) }
})
