import { expect, test } from 'vitest'
import { smallReport } from './testing/run-bench.ts'

test('every measure runs and gives finite figures', async () => {
  const { figures } = await smallReport()
  expect([...new Set(figures.map(({ measure }) => measure.split(' ')[0]))]).toEqual([
    'Bulk',
    'First',
    'Reopen',
    'Memory',
    'Bytes',
    'One',
    'Growth',
    'Fan-out',
  ])
  expect(figures.filter(({ value }) => !Number.isFinite(value))).toEqual([])
})
