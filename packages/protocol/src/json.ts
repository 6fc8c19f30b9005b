import { SyncError } from './errors.ts'
import { LIMITS } from './limits.ts'

/** A JSON value, deeply read-only. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** Where in a value something is: the keys and indices that lead to it. */
export type JsonPath = readonly (string | number)[]

/** Keys that could reach a prototype; they are refused everywhere, so no reader has to be careful. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * A frozen copy of what an app hands in: `undefined` in an object is a missing field, `-0` is `0`.
 * Throws `invalid_value` with the path of the first thing that JSON cannot carry unchanged.
 */
export function toJson(value: unknown, maxDepth: number = LIMITS.depth): JsonValue {
  return copy(value, [], maxDepth, { left: LIMITS.valueNodes })
}

function copy(value: unknown, path: (string | number)[], maxDepth: number, budget: { left: number }): JsonValue {
  if (--budget.left < 0) throw invalid(path, `more than ${LIMITS.valueNodes} values in one document (or a cycle)`)
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw invalid(path, 'a string with a lone surrogate, which UTF-8 cannot carry')
      return value
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw invalid(path, `the number ${value}, which JSON does not have`)
      return value === 0 ? 0 : value
    case 'object':
      break
    default:
      throw invalid(path, `a ${typeof value}, which JSON does not have`)
  }
  if (value === null) return null
  if (path.length >= maxDepth) throw invalid(path, `something nested deeper than ${maxDepth} (or a cycle)`)
  if (Array.isArray(value)) {
    return Object.freeze(Array.from(value, (item, index) => copyAt(item, index, path, maxDepth, budget)))
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) {
    throw invalid(path, `an instance of ${nameOfClass(prototype as object)}, which is not plain data`)
  }
  const result: Record<string, JsonValue> = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue
    checkKey(key, path)
    result[key] = copyAt(item, key, path, maxDepth, budget)
  }
  return Object.freeze(result)
}

/** A prototype may say anything of its constructor. */
const nameOfClass = ({ constructor }: { readonly constructor?: unknown }): string =>
  typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'a class'

function copyAt(
  item: unknown,
  key: string | number,
  path: (string | number)[],
  maxDepth: number,
  budget: { left: number },
): JsonValue {
  path.push(key)
  const result = copy(item, path, maxDepth, budget)
  path.pop()
  return result
}

function checkKey(key: string, path: JsonPath): void {
  if (FORBIDDEN_KEYS.has(key)) throw invalid([...path, key], `the key "${key}", which could reach a prototype`)
  if (!key.isWellFormed()) throw invalid([...path, key], 'a key with a lone surrogate, which UTF-8 cannot carry')
}

const invalid = (path: JsonPath, what: string): SyncError =>
  new SyncError('invalid_value', `${formatPath(path)} holds ${what}.`, {
    fix: 'Store plain JSON: objects, arrays, strings, finite numbers, booleans and null.',
    details: { path: [...path] },
  })

export const formatPath = (path: JsonPath): string =>
  path.length === 0
    ? 'The value'
    : path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('')

/** Checks a value that `JSON.parse` made (so: no cycles, no prototypes) without copying it; throws `invalid_value`. */
export function checkJson(value: unknown, maxDepth: number = LIMITS.depth): asserts value is JsonValue {
  check(value, [], maxDepth)
}

function check(value: unknown, path: (string | number)[], maxDepth: number): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw invalid(path, 'a string with a lone surrogate, which UTF-8 cannot carry')
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw invalid(path, `the number ${value}, which JSON does not have`)
  } else if (typeof value === 'object' && value !== null) {
    if (path.length >= maxDepth) throw invalid(path, `something nested deeper than ${maxDepth}`)
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) checkAt(value[index], index, path, maxDepth)
      return
    }
    for (const key of Object.keys(value)) {
      checkKey(key, path)
      checkAt((value as Record<string, unknown>)[key], key, path, maxDepth)
    }
  } else if (typeof value !== 'boolean' && value !== null) {
    throw invalid(path, `a ${typeof value}, which JSON does not have`)
  }
}

function checkAt(item: unknown, key: string | number, path: (string | number)[], maxDepth: number): void {
  path.push(key)
  check(item, path, maxDepth)
  path.pop()
}

/**
 * `JSON.parse` for text from outside. The nesting is counted before anything is built, because the
 * parser survives depths at which every later reader overflows its stack.
 */
export function parseJson(text: string, maxDepth: number = LIMITS.messageDepth): unknown {
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x22) {
      index = endOfString(text, index)
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > maxDepth) throw new SyncError('bad_message', `The text is nested deeper than ${maxDepth}.`)
    } else if (code === 0x7d || code === 0x5d) {
      depth--
    }
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SyncError('bad_message', 'The text is not JSON.', { cause })
  }
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

function isEscaped(text: string, index: number): boolean {
  let slashes = 0
  while (text.charCodeAt(index - 1 - slashes) === 0x5c) slashes++
  return slashes % 2 === 1
}

/** The canonical text of a value: keys sorted by UTF-16 code unit, no spaces. Equal values have equal texts. */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as JsonValue)}`).join(',')}}`
}

/** Whether two values have the same canonical text; `undefined` (no value) equals only itself. */
export function jsonEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => jsonEqual(item, b[index]))
    )
  }
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && jsonEqual((a as JsonObject)[key], (b as JsonObject)[key]))
  )
}

/** Freezes a value that `JSON.parse` made, in place. */
export function deepFreeze<T extends JsonValue | undefined>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    if (Array.isArray(value)) for (const item of value) deepFreeze(item as JsonValue)
    else for (const key of Object.keys(value)) deepFreeze((value as JsonObject)[key])
  }
  return value
}

/** The length in bytes of a text as UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1
  }
  return bytes
}
