import { expect, test } from 'vitest'
import { type Entry, newEntry } from './entry.ts'
import { recordOf } from './record.ts'

const entryOf = (commit: string, hasChanges: boolean, more: Partial<Entry>): Entry => ({
  ...newEntry({ sources: commit, commit, hasChanges }, '2026-05-06T07:08:09.000Z'),
  ...more,
})

const COMMIT = '0123456789abcdef'

test('it is about the last entry, and adds up all of them', () => {
  const lines = recordOf([
    entryOf('aaaabbbbccccdddd', true, { done: [[1, 10]], events: 100, effects: { drop: 9000 } }),
    entryOf('aaaabbbbccccdddd', true, { done: [[1, 5]], events: 50 }),
    entryOf(COMMIT, false, { done: [[1, 1000]], events: 9_000_000, spentMs: 600_000, effects: { drop: 1500 } }),
  ])
  expect(lines[0]).toContain('Commit `0123456789ab`, last run on 2026-05-06: 1,000 seeds, 9,000,000 events')
  expect(lines[0]).toContain('15,000 events per second')
  expect(lines).toContain('| `aaaabbbbcccc` and changes | 15 | 150 | 0 seconds | 0 |')
  expect(lines).toContain('| all | 1,015 | 9,000,150 | 0 seconds | 0 |')
  expect(lines).toContain('| `drop` | per message: a request never arrives | 1,500 | 10,500 |')
  expect(lines.some((line) => line.startsWith('1 of '))).toBe(true)
})

test('a failure is open for ten million events', () => {
  const failure = { seed: '7', rule: 'M3', message: 'M3: lost: <w1>\n  in two lines', atEvents: 5_000_000, steps: 4 }
  const openAfter = (events: number): string =>
    recordOf([entryOf(COMMIT, false, { events, failures: [failure] })]).join('\n')
  expect(openAfter(14_999_999)).toContain('events: 1\n\n- seed 7, shrunk to 4 steps: `M3: lost: <w1>`')
  expect(openAfter(15_000_001)).toContain('Open failures in its last 10,000,000 events: none.')
})
