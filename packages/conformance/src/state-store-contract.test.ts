import { describe, expect, test } from 'vitest'
import { runBehaviour } from './behaviour.ts'
import { STATE_STORE_BEHAVIOURS, stateStoreContract } from './state-store-contract.ts'
import { memoryStatePlace } from './testing/memory-state-store.ts'
import { STATE_STORE_FAULTS } from './testing/state-store-faults.ts'

describe('a store that keeps everything', () => {
  stateStoreContract(() => memoryStatePlace())
})

test.for(STATE_STORE_FAULTS)('a store that %s is found out', async (fault, { annotate }) => {
  const found: string[] = []
  for (const behaviour of STATE_STORE_BEHAVIOURS) {
    await runBehaviour(behaviour, () => memoryStatePlace(fault)).catch(() => found.push(behaviour.title))
  }
  await annotate(`A store that ${fault} is found out by:\n${found.map((title) => `  ${title}`).join('\n')}`)
  expect(found).not.toEqual([])
})

test('there are at least 35 behaviours, and no two have one title', () => {
  const titles = STATE_STORE_BEHAVIOURS.map((behaviour) => behaviour.title)
  expect(titles.length).toBeGreaterThanOrEqual(35)
  expect(new Set(titles).size).toBe(titles.length)
})
