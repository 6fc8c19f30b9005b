import { expect, test } from 'vitest'
import { seededRandom } from '../random.ts'
import { type Fault, type FaultOptions, FAULT_NAMES, Faults } from './faults.ts'

const faultsOf = (options: FaultOptions): Faults => new Faults(options, seededRandom('faults'))

/** When a kind strikes, while others are asked about and drawn from in between. */
function strikesOf(fault: Fault, options: FaultOptions, others: readonly Fault[] = []): boolean[] {
  const faults = faultsOf(options)
  return Array.from({ length: 200 }, () => {
    for (const other of others) if (faults.strikes(other)) faults.dice(other).below(1000)
    return faults.strikes(fault)
  })
}

test('leaving one kind out does not change when another strikes', () => {
  const options: FaultOptions = { drop: 0.3, delay: 0.4, corrupt: 0.5 }
  const { drop, ...withoutDrop } = options
  const others: readonly Fault[] = ['drop', 'delay']
  expect(strikesOf('corrupt', withoutDrop, others)).toEqual(strikesOf('corrupt', options, others))
  expect(strikesOf('corrupt', { corrupt: 0.5 })).toEqual(strikesOf('corrupt', options, others))
  expect(strikesOf('drop', { drop: drop ?? 0 })).not.toEqual(strikesOf('corrupt', { corrupt: drop ?? 0 }))
})

test('a kind that has no probability never strikes, a certain one always does', () => {
  const faults = faultsOf({ drop: 1, delay: 0 })
  const struck = Array.from({ length: 50 }, () => FAULT_NAMES.filter((name) => faults.strikes(name)))
  expect(struck.every((names) => names.join() === 'drop')).toBe(true)
})

test('while they are off, nothing strikes', () => {
  const faults = faultsOf({ drop: 1 })
  faults.isOn = false
  expect(faults.strikes('drop')).toBe(false)
  faults.isOn = true
  expect(faults.strikes('drop')).toBe(true)
})

test('each effect is counted', () => {
  const faults = faultsOf({ drop: 1 })
  faults.strikes('drop')
  expect(faults.effects).toEqual({})
  faults.took('drop')
  faults.took('drop')
  faults.took('delay')
  expect(faults.effects).toEqual({ drop: 2, delay: 1 })
})
