import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CLOCK_EPOCH_MS, type Timestamp, nextTimestamp, receiveTimestamp, timestampAt, wallTimeOf } from './clock.ts'

const CENTURY_MS = 100 * 365.25 * 86_400_000
const NOW = Date.UTC(2026, 5, 1)

test('rises with every operation, whatever is sent, received or done to the wall clock', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('send' as const) }),
    fc.record({ kind: fc.constant('receive' as const), at: fc.integer({ min: 0, max: NOW + 300_000 }) }),
    fc.record({
      kind: fc.constant('jump' as const),
      by: fc.double({ min: -CENTURY_MS, max: CENTURY_MS, noNaN: true }),
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      let wall = NOW
      let last: Timestamp = 0
      let sent: Timestamp = -1
      for (const one of steps) {
        if (one.kind === 'jump') wall = NOW + one.by
        else if (one.kind === 'receive') {
          last = receiveTimestamp(last, timestampAt(one.at))
          expect(last).toBeGreaterThanOrEqual(timestampAt(one.at))
        } else {
          const next = nextTimestamp(last, wall)
          expect(next).toBeGreaterThan(last)
          expect(next).toBeGreaterThan(sent)
          expect(Number.isSafeInteger(next)).toBe(true)
          last = sent = next
        }
      }
    }),
    { numRuns: 1000 },
  )
})

test('what happened before has the smaller timestamp, over any exchange between skewed devices', () => {
  const event = fc.record({ from: fc.nat(3), to: fc.nat(3), wall: fc.integer({ min: -1_000_000, max: 1_000_000 }) })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const clocks: Timestamp[] = [0, 0, 0, 0]
      const histories: Timestamp[][] = [[], [], [], []]
      for (const { from, to, wall } of events) {
        const time = nextTimestamp(clocks[from] as number, NOW + from * CENTURY_MS * 0.1 + wall)
        for (const earlier of histories[from] as Timestamp[]) expect(time).toBeGreaterThan(earlier)
        clocks[from] = time
        histories[from]?.push(time)
        clocks[to] = receiveTimestamp(clocks[to] as number, time)
        if (to !== from) histories[to]?.push(...(histories[from] as Timestamp[]))
      }
    }),
  )
})

test('a clock before 2020 counts as 0, one after 2089 as the end', () => {
  expect(timestampAt(CLOCK_EPOCH_MS)).toBe(0)
  expect(timestampAt(0)).toBe(0)
  expect(timestampAt(CLOCK_EPOCH_MS - CENTURY_MS)).toBe(0)
  const end = timestampAt(Date.UTC(2200, 0))
  expect(end).toBe(timestampAt(Date.UTC(2500, 0)))
  expect(Number.isSafeInteger(end)).toBe(true)
  expect(new Date(wallTimeOf(end)).getUTCFullYear()).toBe(2089)
  expect(timestampAt(Date.UTC(2089, 0))).toBeLessThan(end)
})

test('seventy thousand operations in one millisecond spill into the milliseconds after it', () => {
  let last = nextTimestamp(0, NOW)
  expect(last).toBe(timestampAt(NOW))
  for (let tick = 0; tick < 70_000; tick++) {
    const next = nextTimestamp(last, NOW)
    expect(next - last).toBe(1)
    last = next
  }
  expect(wallTimeOf(last)).toBe(NOW + Math.floor(70_000 / 4096))
})

test('after the clock falls back, the counter goes on from what was sent', () => {
  const high = nextTimestamp(0, NOW + CENTURY_MS / 10)
  expect(nextTimestamp(high, NOW)).toBe(high + 1)
})

test('the wall time of a timestamp is its millisecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: CLOCK_EPOCH_MS, max: Date.UTC(2088, 0) }), fc.nat(4095), (ms, counter) => {
      expect(wallTimeOf(timestampAt(ms) + counter)).toBe(ms)
    }),
  )
})

test('refuses to go beyond the safe integers rather than repeat itself', () => {
  expect(nextTimestamp(Number.MAX_SAFE_INTEGER - 1, NOW)).toBe(Number.MAX_SAFE_INTEGER)
  expect(() => nextTimestamp(Number.MAX_SAFE_INTEGER, NOW)).toThrow(expect.objectContaining({ code: 'clock_ahead' }))
})
