const MS_PER = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, year: 365 * 86_400_000 } as const
const UNITS = ['year', 'day', 'hour', 'minute', 'second'] as const

/** `1,234,567` */
export const grouped = (count: number): string => count.toLocaleString('en')

/** `1 seed`, `2 seeds` */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${grouped(count)} ${count === 1 ? noun : plural}`

/** The two largest units of a time: `3 years 12 days`. */
export function durationOf(ms: number): string {
  const largest = UNITS.find((unit) => ms >= MS_PER[unit]) ?? 'second'
  const smaller = UNITS[UNITS.indexOf(largest) + 1]
  const whole = Math.floor(ms / MS_PER[largest])
  const rest = smaller ? Math.floor((ms % MS_PER[largest]) / MS_PER[smaller]) : 0
  return counted(whole, largest) + (smaller && rest > 0 ? ` ${counted(rest, smaller)}` : '')
}
