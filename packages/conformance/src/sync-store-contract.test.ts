import { describe, expect, test } from 'vitest'
import { runBehaviour } from './behaviour.ts'
import { SYNC_STORE_BEHAVIOURS, syncStoreContract } from './sync-store-contract.ts'
import { SYNC_STORE_FAULTS, memoryPlace } from './testing/memory-sync-store.ts'

describe('a store that keeps everything', () => {
  syncStoreContract(() => memoryPlace())
})

describe('a store that keeps everything until it is closed', () => {
  syncStoreContract(() => {
    const place = memoryPlace()
    return { isDurable: false, open: () => place.open() }
  })
})

test.for(SYNC_STORE_FAULTS)('a store that %s is found out', async (fault) => {
  const found: string[] = []
  for (const behaviour of SYNC_STORE_BEHAVIOURS) {
    await runBehaviour(behaviour, () => memoryPlace(fault)).catch(() => found.push(behaviour.title))
  }
  expect(found).not.toEqual([])
})
