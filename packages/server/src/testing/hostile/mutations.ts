import type { JsonValue } from '@whisker/protocol'

/** Keys and indices that lead to a place in a message. */
export type Place = readonly (string | number)[]

export interface Mutation {
  /** The place, like `entries.0.4`. */
  readonly place: string
  /** The name of the wrong value in `WRONG_VALUES`. */
  readonly wrong: string
  readonly text: string
}

/** As text, because some of them are no value until a parser has made one of them. */
export const WRONG_VALUES: Readonly<Record<string, string>> = {
  null: 'null',
  true: 'true',
  zero: '0',
  negative: '-1',
  fraction: '1.5',
  infinite: '1e400',
  beyond: '9007199254740992',
  empty: '""',
  long: JSON.stringify('x'.repeat(20_000)),
  path: '"../../etc/passwd"',
  surrogate: String.raw`"\ud800"`,
  list: '[]',
  object: '{}',
  proto: '{"__proto__":{"isAdmin":true}}',
}

const MARK = '"@@here@@"'

/** The message with each wrong value at each of its places, but where that is what stands there. */
export function mutationsOf(message: JsonValue): Mutation[] {
  const whole = JSON.stringify(message)
  const mutations = placesOf(message).flatMap((place) => {
    const around = JSON.stringify(replaced(message, place))
    return Object.entries(WRONG_VALUES).map(([wrong, text]) => ({
      place: place.join('.'),
      wrong,
      // A function, because a text may hold what `replace` reads as a pattern.
      text: around.replace(MARK, () => text),
    }))
  })
  return mutations.filter(({ text }) => text !== whole)
}

/** The message with each of its lists one value longer or shorter, and each of its objects without one of its fields. */
export function misfitsOf(message: JsonValue): Mutation[] {
  return placesOf(message).flatMap((place): Mutation[] => {
    const value = valueAt(message, place)
    const changed = (wrong: string, other: JsonValue): Mutation => ({
      place: place.join('.'),
      wrong,
      text: JSON.stringify(replaced(message, place)).replace(MARK, () => JSON.stringify(other)),
    })
    if (Array.isArray(value)) {
      return [
        changed('longer', [...value, true]),
        ...(value.length > 0 ? [changed('shorter', value.slice(0, -1))] : []),
      ]
    }
    return childrenOf(value).map(([key]) =>
      changed(`without ${key}`, Object.fromEntries(childrenOf(value).filter(([other]) => other !== key))),
    )
  })
}

const valueAt = (value: JsonValue, place: Place): JsonValue =>
  place.reduce((at: JsonValue, key) => (at as Record<string | number, JsonValue>)[key] as JsonValue, value)

export const placesOf = (value: JsonValue): Place[] => [
  [],
  ...childrenOf(value).flatMap(([key, child]) => placesOf(child).map((place) => [key, ...place])),
]

const childrenOf = (value: JsonValue): (readonly [string | number, JsonValue])[] => {
  if (Array.isArray(value)) return value.map((child: JsonValue, index) => [index, child])
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

function replaced(value: JsonValue, [key, ...rest]: Place): JsonValue {
  if (key === undefined) return JSON.parse(MARK) as JsonValue
  const child = (value as Record<string | number, JsonValue>)[key] as JsonValue
  return Array.isArray(value)
    ? value.with(Number(key), replaced(child, rest))
    : { ...(value as Record<string, JsonValue>), [key]: replaced(child, rest) }
}
