import { SyncError } from '@whisker/protocol'

/** What each option has to be; a name that is not here is refused. */
export type Rules<T> = Readonly<
  Record<keyof T & string, readonly [expected: string, isRight: (value: unknown) => boolean]>
>

export const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
export const isFunction = (value: unknown): boolean => value === undefined || typeof value === 'function'
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
export const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most
export const hasMethods =
  (...names: readonly string[]) =>
  (value: unknown): boolean =>
    isObject(value) && names.every((name) => typeof value[name] === 'function')
export const orNone =
  (isRight: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || isRight(value)

/** Throws what is wrong with options, and how to write them. Where one may be a secret, no value and no name is shown. */
export function check<T>(what: string, rules: Rules<T>, options: unknown, hold: 'plain' | 'secrets' = 'plain'): void {
  const shown = hold === 'secrets' ? kindOf : shownPlainly
  const names = Object.keys(rules) as (keyof T & string)[]
  if (!isObject(options)) {
    throw invalid(`Expected the options of ${what} to be an object, got ${shown(options)}.`, `Pass { ${names[0]}, … }.`)
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(rules, name))
  if (unknown !== undefined) {
    throw invalid(
      `Expected only known options for ${what}, got ${hold === 'secrets' ? 'another' : JSON.stringify(unknown)}.`,
      `There are ${names.join(', ')}.`,
    )
  }
  for (const name of names) {
    const [expected, isRight] = rules[name]
    if (isRight(options[name])) continue
    throw invalid(
      `Expected \`${name}\` of ${what} to be ${expected}, got ${shown(options[name])}.`,
      `Give \`${name}\` as ${expected}${isRight(undefined) ? ', or leave it out' : ''}.`,
    )
  }
}

const shownPlainly = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100))
  return typeof value === 'function' || (typeof value === 'object' && value !== null) ? kindOf(value) : String(value)
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
}

export const invalid = (message: string, fix: string): SyncError => new SyncError('invalid_options', message, { fix })
