import { stateStoreContract } from '@whisker/conformance'
import { memoryState } from './index.ts'

stateStoreContract(() => {
  const store = memoryState()
  return { store: () => store }
})
