import { expect, test } from 'vitest'
import { Admission } from './admission.ts'
import { manualClock, seededRandom } from './testing/manual-clock.ts'

test('ten thousand who come at once are let in at the rate, each after few refusals, if they come when they are told', () => {
  const clock = manualClock()
  const admission = new Admission(500, clock, seededRandom(3))
  const startMs = clock.now()
  const due = new Map<number, number[]>([[0, Array.from({ length: 10_000 }, (_, client) => client)]])
  const tries = new Map<number, number>()
  const entered: number[] = []
  for (let second = 0; due.size > 0; clock.advance(1)) {
    const atMs = clock.now() - startMs
    second = Math.floor(atMs / 1000)
    for (const client of due.get(atMs) ?? []) {
      tries.set(client, (tries.get(client) ?? 0) + 1)
      const waitMs = admission.take()
      if (waitMs === 0) entered[second] = (entered[second] ?? 0) + 1
      else due.set(atMs + waitMs, [...(due.get(atMs + waitMs) ?? []), client])
    }
    due.delete(atMs)
  }
  expect(Math.max(...entered.map((count) => count ?? 0))).toBeLessThanOrEqual(1000)
  expect(entered.length).toBeLessThanOrEqual(30)
  expect(Math.max(...tries.values())).toBeLessThanOrEqual(5)
})

test('nobody is sent away for more than a minute, however many come and never come back', () => {
  const clock = manualClock()
  const admission = new Admission(1, clock, seededRandom(3))
  const waits = Array.from({ length: 1000 }, () => admission.take())
  expect(waits[0]).toBe(0)
  expect(Math.max(...waits)).toBeLessThanOrEqual(61_000)
  expect(Math.min(...waits.slice(100))).toBeGreaterThan(25_000)
  expect(new Set(waits.slice(100)).size).toBeGreaterThan(500)
  clock.advance(1000)
  expect(admission.take()).toBe(0)
})

test('a clock that is put back lets nobody in for nothing, and keeps nobody out', () => {
  const clock = manualClock()
  const admission = new Admission(2, clock, seededRandom(3))
  expect([admission.take(), admission.take()]).toEqual([0, 0])
  clock.advance(-3_600_000)
  expect(admission.take()).toBeGreaterThan(0)
  expect(admission.take()).toBeLessThanOrEqual(61_000)
  clock.advance(1000)
  expect(admission.take()).toBe(0)
})
