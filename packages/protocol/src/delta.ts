import { type JsonObject, type JsonValue, isJsonObject, jsonEqual } from './json.ts'
import type { Delta, FieldWrite, Path, Root } from './operation.ts'

/**
 * The smallest delta that turns `before` into `after`: a write per field that differs, as deep as both
 * sides are objects. An array is one value. Equal values give an empty delta.
 */
export function deltaBetween(before: JsonValue, after: JsonValue, root: Root = 'content', path: Path = []): Delta {
  if (!isJsonObject(before) || !isJsonObject(after)) {
    return jsonEqual(before, after) ? [] : [{ root, path, value: after }]
  }
  const writes: FieldWrite[] = []
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const at = [...path, key]
    if (!Object.hasOwn(after, key)) writes.push({ root, path: at, value: undefined })
    else if (!Object.hasOwn(before, key)) writes.push({ root, path: at, value: after[key] })
    else
      for (const write of deltaBetween(before[key] as JsonValue, after[key] as JsonValue, root, at)) writes.push(write)
  }
  return writes
}

/** What a value becomes under a delta. The input is not changed; what the delta does not touch is shared. */
export function applyDelta(before: JsonValue | undefined, delta: Delta): JsonValue | undefined {
  return delta.reduce((value, write) => writeAt(value, write.path, write.value), before)
}

function writeAt(host: JsonValue | undefined, path: Path, value: JsonValue | undefined): JsonValue | undefined {
  const [key, ...rest] = path
  if (key === undefined) return value
  const fields: JsonObject = isJsonObject(host) ? host : {}
  const field = writeAt(Object.hasOwn(fields, key) ? fields[key] : undefined, rest, value)
  if (field !== undefined) return { ...fields, [key]: field }
  const { [key]: _removed, ...others } = fields
  return others
}
