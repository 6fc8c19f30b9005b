import { expect, test } from 'vitest'
import { passage, textsOf } from './workload.ts'

test('a document is the same whenever it is made', () => {
  expect(passage(17)).toEqual(passage(17))
  expect(passage(17)).not.toEqual(passage(18))
})

test('a document has about 400 bytes of JSON', () => {
  const bytes = textsOf(2000).reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 2000
  expect(bytes).toBeGreaterThan(380)
  expect(bytes).toBeLessThan(420)
})
