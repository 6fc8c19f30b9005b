import { describe, expect, test } from 'vitest'
import { runBehaviour } from './behaviour.ts'
import { TRANSPORT_FAULTS, memoryPlace } from './testing/memory-transport.ts'
import { TRANSPORT_BEHAVIOURS, transportContract } from './transport-contract.ts'

describe('a transport that keeps everything', () => {
  transportContract(() => memoryPlace())
})

/** What is said of a fault by the behaviour that is to find it out: nothing, if it does not. */
async function findingOf([fault, title]: (typeof TRANSPORT_FAULTS)[number]): Promise<string | undefined> {
  const behaviour = TRANSPORT_BEHAVIOURS.find((one) => one.title === title)
  if (!behaviour) return undefined
  return runBehaviour(behaviour, () => memoryPlace(fault)).then(
    () => undefined,
    (thrown: unknown) => String(thrown),
  )
}

// All at once: a call that never ends takes as long as it takes to be sure of that
test('a transport with any of the planted faults is found out', async () => {
  const findings = await Promise.all(TRANSPORT_FAULTS.map(findingOf))
  expect(TRANSPORT_FAULTS.filter((_, index) => findings[index] === undefined)).toEqual([])
})
