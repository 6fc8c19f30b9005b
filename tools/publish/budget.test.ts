import { expect, test } from 'vitest'
import { overBudget } from './budget.ts'

const bundle = {
  gzipBytes: 101,
  parts: [
    { source: '@whisker/engine/src/core.ts', bytes: 200 },
    { source: 'ky/source/core/Ky.ts', bytes: 50 },
  ],
}

test('a bundle within its budget is left alone', () => {
  expect(overBudget('the client', bundle, 101)).toBeUndefined()
})

test('a bundle over its budget is told with what it measures and its largest parts', () => {
  expect(overBudget('the client', bundle, 100)).toBe(
    [
      'the client measures 101 bytes, minified and gzipped; its budget is 100. The largest parts, minified:',
      '     200  @whisker/engine/src/core.ts',
      '      50  ky/source/core/Ky.ts',
    ].join('\n'),
  )
})

test('a bundle without a budget is told with what it measures', () => {
  expect(overBudget('the client', bundle, undefined)).toBe(
    'the client has no budget in tools/publish/budgets.json; it measures 101 bytes.',
  )
})
