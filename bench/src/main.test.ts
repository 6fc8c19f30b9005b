import { expect, test } from 'vitest'
import { runBench, smallReport } from './testing/run-bench.ts'

test('a chosen measure runs alone and judges its figures', async () => {
  const { documents, figures } = await smallReport('--only', 'bytes')
  expect(documents).toBe(40)
  expect([...new Set(figures.map(({ measure }) => measure))]).toEqual(['Bytes'])
  const withTarget = figures.filter(({ target }) => target !== undefined)
  expect(withTarget.map(({ met }) => met)).toEqual(withTarget.map(({ value, target = 0 }) => value <= target))
})

test('an option that is none ends with 2 and says where to look', async () => {
  await expect(runBench('--quick')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--help') as string,
  })
})
