import { setImmediate as macrotask } from 'node:timers/promises'
import type { Scheduler } from '../world/scheduler.ts'

/** Lets virtual time pass by itself, as fast as it can, for code that knows only the real one. Returns what ends it. */
export function pump(scheduler: Scheduler): () => void {
  const pumping = { isOn: true }
  const run = async (): Promise<void> => {
    while (pumping.isOn) if (!(await scheduler.step(Infinity))) await macrotask()
  }
  void run()
  return () => {
    pumping.isOn = false
  }
}

/** Lets virtual time pass until a promise is settled. */
export async function whenDone<T>(scheduler: Scheduler, promise: Promise<T>): Promise<T> {
  const stop = pump(scheduler)
  try {
    return await promise
  } finally {
    stop()
  }
}
