/** Of small values that are made in the same order of keys each time. */
export const isSameJson = (before: unknown, now: unknown): boolean => JSON.stringify(before) === JSON.stringify(now)
