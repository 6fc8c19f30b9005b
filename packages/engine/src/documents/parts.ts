import {
  type Delta,
  type FieldWrite,
  type JsonValue,
  type Path,
  type Standing,
  type WriteName,
  isJsonObject,
  isPrefix,
} from '@whisker/protocol'

/** A part of an edit, which is an operation of its own, and the writes that it leaves standing. */
export interface Part {
  readonly delta: Delta
  readonly keep: readonly WriteName[]
}

/**
 * Under `manual` an edit supersedes what is shown and leaves the rest of a conflict standing. One write may be both: what
 * it says of one field is shown, what it says of another is not. So an edit goes in parts, each of which leaves the same
 * writes standing wherever it writes.
 */
export function partsOf(delta: Delta, before: JsonValue, standing: readonly Standing[]): readonly Part[] {
  if (standing.length === 0) return [{ delta, keep: [] }]
  const parts = new Map<string, { readonly delta: FieldWrite[]; readonly keep: readonly WriteName[] }>()
  for (const write of delta.flatMap((one) => [...removedWith(one, before, standing), one])) {
    const keep = keptBeside(write.path, standing)
    const key = [...keep.keys()].sort().join()
    const part = parts.get(key)
    if (part) part.delta.push(write)
    else parts.set(key, { delta: [write], keep: [...keep.values()] })
  }
  return [...parts.values()]
}

/** By a key of each: the writes that stay where something is written, since they are in conflict above or below. */
function keptBeside(place: Path, standing: readonly Standing[]): ReadonlyMap<string, WriteName> {
  const beside = standing.filter(({ path }) => isPrefix(place, path) || isPrefix(path, place))
  return new Map(beside.flatMap(({ writes }) => writes).map((name) => [JSON.stringify(name), name]))
}

/** What goes with an object that is written over: the writes that stay would bring it back where they are not in conflict. */
function removedWith(
  { root, path }: FieldWrite,
  before: JsonValue,
  standing: readonly Standing[],
): readonly FieldWrite[] {
  const kept = keptBeside(path, standing)
  const removedBelow = (host: Path): readonly FieldWrite[] => {
    const shown = valueAt(before, host)
    const within = standing.filter((one) => one.path.length > host.length && isPrefix(host, one.path))
    if (within.length === 0 || !isJsonObject(shown)) return []
    return Object.keys(shown).flatMap((key): readonly FieldWrite[] => {
      const field = { root, path: [...host, key], value: undefined }
      const own = keptBeside(field.path, standing)
      const comesBack = [...kept].some(([name, write]) => !own.has(name) && isPrefix(write.path, field.path))
      return [...removedBelow(field.path), ...(comesBack ? [field] : [])]
    })
  }
  return removedBelow(path)
}

const valueAt = (value: JsonValue | undefined, path: Path): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>((host, key) => (isJsonObject(host) ? host[key] : undefined), value)
