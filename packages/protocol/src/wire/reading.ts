import { SyncError } from '../errors.ts'
import { type JsonValue, checkJson } from '../json.ts'

/** Readers of values from outside: each returns what it promises or throws `bad_message`, saying where. */

export function refuse(where: string, expected: string, got: unknown): never {
  const shown =
    typeof got === 'object' && got !== null ? outline(got) : (JSON.stringify(got)?.slice(0, 80) ?? typeof got)
  throw new SyncError('bad_message', `${where}: expected ${expected}, got ${shown}.`)
}

/** Not the whole text, which may be megabytes, or nested deeper than the stack. */
const outline = (value: object): string =>
  Array.isArray(value) ? `a list of ${value.length}` : `an object of ${Object.keys(value).length}`

export function readList(
  value: unknown,
  where: string,
  maxLength: number = Number.MAX_SAFE_INTEGER,
): readonly unknown[] {
  if (!Array.isArray(value)) refuse(where, 'a list', value)
  if (value.length > maxLength) refuse(where, `at most ${maxLength} entries`, value.length)
  return value
}

/** A list that is left out when it is empty. */
export function readSome(value: unknown, where: string, maxLength?: number): readonly unknown[] {
  if (value === undefined) return []
  const list = readList(value, where, maxLength)
  if (list.length === 0) refuse(where, 'at least one entry, or to be left out', value)
  return list
}

export function readObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(where, 'an object', value)
  return value as Record<string, unknown>
}

export function readInteger(
  value: unknown,
  where: string,
  min: number = 0,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    refuse(where, `a whole number from ${min} to ${max}`, value)
  }
  return value === 0 ? 0 : (value as number)
}

export function readText(value: unknown, where: string, maxLength: number = 1024): string {
  if (typeof value !== 'string' || value.length > maxLength || !value.isWellFormed()) {
    refuse(where, `a text of at most ${maxLength} characters`, value)
  }
  return value
}

/** A value that an app may have: without keys that could reach a prototype, halves of characters, or too deep a nest. */
export function readJson(value: unknown, where: string, maxDepth: number): JsonValue {
  try {
    checkJson(value, maxDepth)
    return value
  } catch (cause) {
    throw new SyncError('bad_message', `${where}: ${(cause as Error).message}`, { cause })
  }
}

/** How long a machine's code, and a sentence for people, may be on the wire. */
export const CODE_LENGTH = 128
export const MESSAGE_LENGTH = 4096

/** A text cut to what `readText` takes: a sentence that an app made may be of any length. */
export const readable = (text: string, maxLength: number): string => text.slice(0, maxLength).toWellFormed()

/** Reads what a guard recognises. */
export function readAs<T>(value: unknown, where: string, what: string, guard: (value: unknown) => value is T): T {
  if (!guard(value)) refuse(where, what, value)
  return value
}

/** An own field of an object from outside, never one of its prototype's. */
export const field = (object: Readonly<Record<string, unknown>>, key: string): unknown =>
  fieldOr(object, key, undefined)

/** The same, or what stands for one that is left out. `null` is not left out. */
export const fieldOr = (object: Readonly<Record<string, unknown>>, key: string, absent: unknown): unknown =>
  Object.hasOwn(object, key) ? object[key] : absent
