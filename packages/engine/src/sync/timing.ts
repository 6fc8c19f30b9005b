/** How often an opening that does not lead looks whether it may. */
export const FOLLOW_MS = 2000

/** How often a live connection is not relied on: digests are compared, and the server sees that this device is there. */
export const LIVE_MS = 3_600_000

/** What timers can wait for. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1

/** What a server may ask for at most, with its jitter. */
export const LONGEST_WAIT_MS = 62_000
