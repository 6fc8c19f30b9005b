import { expect, test } from 'vitest'
import { Process, WallClock } from './process.ts'
import { Scheduler } from './scheduler.ts'

const START_MS = Date.UTC(2026, 0, 1)

function newProcess(): { scheduler: Scheduler; wall: WallClock; process: Process } {
  const scheduler = new Scheduler(START_MS)
  const wall = new WallClock(scheduler)
  return { scheduler, wall, process: new Process(scheduler, wall) }
}

test('a process that has ended does nothing more, and what it waits for never comes', async () => {
  const { scheduler, process } = newProcess()
  const did: string[] = []
  process.clock.after(10, () => did.push('timer'))
  void process.pause(10).then(() => did.push('pause'))
  process.end()
  process.run(() => did.push('from outside'))
  await scheduler.advance(100)
  expect([did, process.isAlive]).toEqual([[], false])
})

test('who waits for the end of a process is told once', () => {
  const { process } = newProcess()
  const told: string[] = []
  process.onEnd(() => told.push('one'))
  const forget = process.onEnd(() => told.push('forgotten'))
  forget()
  process.end()
  process.end()
  expect(told).toEqual(['one'])
})

test('what falls due while a process stands still happens when it goes on, in order', async () => {
  const { scheduler, process } = newProcess()
  const did: string[] = []
  process.after(20, () => did.push('second'))
  process.after(10, () => did.push('first'))
  process.after(2000, () => did.push('not due yet'))
  process.suspend()
  await scheduler.advance(1000)
  expect([did, process.isSuspended]).toEqual([[], true])
  process.resume()
  await scheduler.advance(0)
  expect([did, process.isSuspended]).toEqual([['first', 'second'], false])
})

test('a process that was suspended twice goes on when it was resumed twice', async () => {
  const { scheduler, process } = newProcess()
  const did: string[] = []
  process.suspend()
  process.suspend()
  process.after(1, () => did.push('it'))
  await scheduler.advance(1)
  process.resume()
  await scheduler.advance(1)
  expect(did).toEqual([])
  process.resume()
  await scheduler.advance(1)
  expect(did).toEqual(['it'])
})

test('a wall clock shows the time with what it is ahead, and stands still when it is frozen', async () => {
  const { scheduler, wall, process } = newProcess()
  wall.offsetMs = -5000
  await scheduler.advance(1000)
  expect(process.clock.now()).toBe(START_MS - 4000)
  wall.frozenAtMs = wall.now()
  await scheduler.advance(1000)
  expect(process.clock.now()).toBe(START_MS - 4000)
  wall.frozenAtMs = undefined
  expect(process.clock.now()).toBe(START_MS - 3000)
})
