import { expect, test } from 'vitest'
import { tableOf } from './table.ts'

test('the table says which targets are met', () => {
  const table = tableOf([
    { measure: 'Bytes', name: 'up', value: 109.6, unit: 'bytes', target: 110 },
    { measure: 'Bytes', name: 'down', value: 1234, unit: 'bytes', target: 110 },
    { measure: 'Upload', name: 'ours : bare', value: 2.345, unit: 'ratio', range: [2, 3] },
  ])
  expect(table.split('\n').map((line) => line.trim().replace(/ {2,}/g, '  '))).toEqual([
    'figure  rounds  target',
    '',
    'Bytes',
    'up  110 bytes  ≤ 110 bytes  met',
    'down  1,234 bytes  ≤ 110 bytes  not met',
    '',
    'Upload',
    'ours : bare  2.35 ×  2.00 × – 3.00 ×',
    '',
  ])
})
