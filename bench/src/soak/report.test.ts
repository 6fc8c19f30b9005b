import { expect, test } from 'vitest'
import { type SoakFigures, isWhole, memoryOf } from './figures.ts'
import { sectionOf, textOf } from './report.ts'

const FIGURES: SoakFigures = {
  sockets: 100,
  spaces: 10,
  seconds: 10,
  writesPerSecondAsked: 50,
  writes: 490,
  writesPerSecond: 49,
  cut: 5,
  frames: 4900,
  hints: 0,
  pulls: 5,
  seen: { count: 4410, p50: 4.25, p95: 30, p99: 90 },
  busy: { server: 0.6, clients: 0.4 },
  rss: { mean: 128 * 1024 * 1024, rise: -0.012, samples: [] },
  heap: { mean: 20 * 1024 * 1024, rise: 0.04, samples: [] },
  equal: 100,
  different: [],
  failures: [],
  herd: { cut: 100, ms: 1400, equal: 100, different: [] },
}

test('a run is told in a table, to a terminal and in a document', () => {
  expect(textOf(FIGURES)).toMatch(/write to seen, p50 +4\.3 ms/)
  const origin = { date: '2026-11-23', commit: '`abc`', node: '24.0.0', cores: 2, memoryGiB: 8, load: 0.5 }
  expect(sectionOf(FIGURES, origin)).toContain(
    '| resident memory of the server, mean and rise | 128 MiB, −1.2 % | below 5 % |',
  )
})

test('a run is whole if everybody was equal in the end and after the herd, and no push was refused', () => {
  expect(isWhole(FIGURES)).toBe(true)
  expect(isWhole({ ...FIGURES, different: ['space-1-3'] })).toBe(false)
  expect(isWhole({ ...FIGURES, herd: { ...FIGURES.herd, different: ['space-1-3'] } })).toBe(false)
  expect(isWhole({ ...FIGURES, failures: ['new_epoch'] })).toBe(false)
})

test('the first fifth of the samples is no part of the memory', () => {
  expect(memoryOf([0, 1, 2, 3, 4, 5].map((time) => [time, time === 0 ? 1 : 100]))).toMatchObject({ mean: 100, rise: 0 })
})
