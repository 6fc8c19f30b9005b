import { expect, test } from 'vitest'
import type { Catch } from './hunt.ts'
import type { Mutant } from './mutant.ts'
import { isCaught, medianOf, tableOf } from './table.ts'

const mutant: Mutant = { name: 'forgets_all', row: 1, about: 'It forgets.', edits: [] }

const caught = (seeds: number, rule = 'M3'): Catch => ({ seeds, violation: { seed: seeds, rule, message: '' } })

test('the median is that of the ranges, and infinite if most of them did not catch it', () => {
  expect(medianOf({ mutant, catches: [caught(9), caught(2), caught(5)] })).toBe(5)
  expect(medianOf({ mutant, catches: [caught(9), undefined, caught(5)] })).toBe(9)
  expect(medianOf({ mutant, catches: [undefined, undefined, caught(5)] })).toBe(Infinity)
})

test('a mutant counts as caught only if every range caught it', () => {
  expect(isCaught({ mutant, catches: [caught(9), caught(2), caught(5)] })).toBe(true)
  expect(isCaught({ mutant, catches: [caught(9), undefined, caught(5)] })).toBe(false)
})

test('the table tells the rules, the seeds needed, and where they did not do', () => {
  const table = tableOf([{ mutant, catches: [caught(9), undefined, caught(5, 'M10')] }], 40).join('\n')
  expect(table).toContain('| `forgets_all` | 1 | It forgets. | M10, M3 | 9, > 40, 5 | 9 |')
  expect(table).toContain('- **1** the checkpoint ran ahead')
})
