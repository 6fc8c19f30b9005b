import { SyncError } from '../errors.ts'

/** What an option has to be and of which types, unless it is left out; undefined where something else looks at it. */
export type OptionRule = readonly [expected: string, ...types: string[]] | undefined

/** Refuses options that there are none of, and values of a wrong type. Shows no value: one could be a token. */
export function checkOptions(maker: string, rules: Readonly<Record<string, OptionRule>>, options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`Expected options with a url, got ${kindOf(options)}.`, `Write ${maker}({ url: 'https://…' }).`)
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(rules, name))
  if (unknown !== undefined) {
    const fix = `There are ${Object.keys(rules).join(', ')}.`
    throw invalid(`Expected only known options for ${maker}, got ${JSON.stringify(unknown)}.`, fix)
  }
  for (const [name, value] of Object.entries(options)) {
    const [expected, ...types] = rules[name] ?? []
    if (expected === undefined || value === undefined || (value !== null && types.includes(typeof value))) continue
    throw invalid(`Expected ${name} to be ${expected}, got ${kindOf(value)}.`, `Leave ${name} out for its default.`)
  }
}

export function checkWhole(name: string, value: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return value
  throw invalid(
    `Expected ${name} to be a whole number from 1 to ${max}, got ${String(value)}.`,
    `Leave ${name} out for its default.`,
  )
}

/** What a value is, for messages that must not show it. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
}

const invalid = (message: string, fix: string): SyncError => new SyncError('invalid_options', message, { fix })
