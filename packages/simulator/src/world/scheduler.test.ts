import { expect, test } from 'vitest'
import { seededRandom } from '../random.ts'
import { Scheduler } from './scheduler.ts'

test('runs what is due in the order of time, and what one task sets off before the next', async () => {
  const scheduler = new Scheduler(1000)
  const ran: string[] = []
  const told = (what: string): void => void ran.push(`${what} at ${scheduler.nowMs}`)
  scheduler.after(20, () => told('later'))
  scheduler.after(10, () => {
    told('first')
    void manyTurns().then(() => told('what it set off'))
  })
  scheduler.after(10, () => told('second'))
  await scheduler.advance(100)
  expect(ran).toEqual(['first at 1010', 'what it set off at 1010', 'second at 1010', 'later at 1020'])
})

test('what was planned for one time runs in the order of planning', async () => {
  const scheduler = new Scheduler(0)
  const random = seededRandom('order')
  const planned = Array.from({ length: 300 }, (_, number) => ({ number, at: random.below(20) }))
  const ran: number[] = []
  for (const { number, at } of planned) scheduler.after(at, () => ran.push(number))
  await scheduler.advance(20)
  expect(ran).toEqual(planned.toSorted((a, b) => a.at - b.at || a.number - b.number).map(({ number }) => number))
})

test('what a task plans for now runs in the same moment', async () => {
  const scheduler = new Scheduler(0)
  const ran: number[] = []
  scheduler.after(5, () => {
    scheduler.after(0, () => ran.push(scheduler.nowMs))
    scheduler.after(-1, () => ran.push(scheduler.nowMs))
  })
  await scheduler.advance(5)
  expect(ran).toEqual([5, 5])
})

test('a task that was cancelled does not run, and is not planned any more', async () => {
  const scheduler = new Scheduler(0)
  const ran: string[] = []
  const cancel = scheduler.after(5, () => ran.push('cancelled'))
  scheduler.after(6, () => ran.push('other'))
  cancel()
  expect(scheduler.planned).toBe(1)
  await scheduler.advance(10)
  expect([ran, scheduler.events, scheduler.planned]).toEqual([['other'], 1, 0])
})

test('time passes up to the end also when nothing is due, and not beyond it', async () => {
  const scheduler = new Scheduler(0)
  const ran: string[] = []
  scheduler.after(11, () => ran.push('too late'))
  await scheduler.advance(10)
  expect([scheduler.nowMs, ran]).toEqual([10, []])
  await scheduler.advance(1)
  expect([scheduler.nowMs, ran]).toEqual([11, ['too late']])
})

test('waits until something is so, and no longer than it was given', async () => {
  const scheduler = new Scheduler(0)
  let count = 0
  const again = (): void => {
    count++
    scheduler.after(10, again)
  }
  scheduler.after(10, again)
  expect([await scheduler.until(() => count === 3, 100), scheduler.nowMs]).toEqual([true, 30])
  expect([await scheduler.until(() => count === 100, 25), scheduler.nowMs, count]).toEqual([false, 55, 5])
})

test('what a task throws is told, and the next task runs', async () => {
  const scheduler = new Scheduler(0)
  const thrown: unknown[] = []
  scheduler.onError = (error) => thrown.push(error)
  const ran: string[] = []
  scheduler.after(1, () => {
    throw new RangeError('no')
  })
  scheduler.after(2, () => ran.push('next'))
  await scheduler.advance(2)
  expect([thrown, ran]).toEqual([[new RangeError('no')], ['next']])
})

test('the trace tells what ran when, in which order, and what was noted', async () => {
  expect(await traceOf([1, 2], ['a'])).toBe(await traceOf([1, 2], ['a']))
  const traces = await Promise.all([
    traceOf([1, 2]),
    traceOf([2, 1]),
    traceOf([1, 3]),
    traceOf([1]),
    traceOf([1, 2], ['a']),
  ])
  expect(new Set(traces).size).toBe(traces.length)
})

const traceOf = async (delays: readonly number[], notes: readonly string[] = []): Promise<string> => {
  const scheduler = new Scheduler(0)
  for (const delay of delays) scheduler.after(delay, () => {})
  await scheduler.advance(10)
  for (const note of notes) scheduler.note(note)
  return scheduler.trace
}

async function manyTurns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}
