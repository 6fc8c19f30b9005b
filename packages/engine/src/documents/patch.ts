import { type JsonObject, type JsonValue, LIMITS, isJsonObject } from '@whisker/protocol'

/**
 * A document with some fields changed: a patch goes as deep as both sides are objects, `undefined`
 * removes, an array is replaced whole. The result is not checked yet: what is too deep, or holds itself, is left as it is.
 */
export function applyPatch(value: JsonObject, patch: object, depth = 0): object {
  const fields = new Map<string, unknown>(Object.entries(value))
  for (const [key, change] of Object.entries(patch)) {
    const field = fields.get(key)
    if (change === undefined) fields.delete(key)
    else if (isPlainObject(change) && depth < LIMITS.depth) {
      fields.set(key, applyPatch(isJsonObject(field) ? field : {}, change, depth + 1))
    } else fields.set(key, change)
  }
  // Not by assignment, which would let the key "__proto__" through to the prototype; toJson then refuses it.
  return Object.fromEntries(fields)
}

export const isPlainObject = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** A copy that can be edited in place. */
export function draftOf<T extends JsonValue>(value: T): T {
  if (Array.isArray(value)) return value.map(draftOf) as unknown as T
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, draftOf(field)])) as T
}
