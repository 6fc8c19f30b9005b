import type { Clock, Random } from './environment.ts'

/** The machine's clock. The only ambient time of `protocol`, `engine` and `server`. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    return () => clearTimeout(timer)
  },
}

/** The machine's source of chance, fit for ids. */
export const systemRandom: Random = {
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  fraction: () => Math.random(),
}
