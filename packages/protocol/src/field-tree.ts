import { type Write, compareWrites, supersedes } from './document-state.ts'
import { sameDot } from './identity.ts'
import { type JsonObject, type JsonValue, isJsonObject, jsonEqual } from './json.ts'
import type { Path, WriteName } from './operation.ts'
import type { Conflict, ConflictValue, Merge } from './strategy.ts'

/**
 * The fold of field writes: a tree in which every place remembers what concurrent writes gave it.
 * In timestamp order, each write first clears at its path what its author had seen, then takes its
 * place beside what is left. Nothing is decided before the tree is read.
 */
interface Place {
  /** Values that are no objects, and removals. */
  candidates: Candidate[]
  /** Writes that made this place an object, or wrote inside it: one that removes a field says that the rest stands. */
  makers: Write[]
  fields: Map<string, Place> | undefined
  /** An object that nobody has written into: its fields are made only when they are needed. */
  whole: { readonly write: Write; readonly value: JsonObject } | undefined
}
interface Candidate {
  readonly write: Write
  readonly value: JsonValue | undefined
}

export interface FoldResult {
  readonly value: JsonValue | undefined
  readonly conflicts: readonly Conflict[]
  /** What an edit of a manual collection leaves standing: for each conflict, the writes it does not show. */
  readonly standing: readonly Standing[]
}
export interface Standing {
  readonly path: Path
  readonly writes: readonly WriteName[]
}

/** Folds the writes of one root, sorted by `compareWrites`, deletes left out, twins being one. */
export function foldFields(writes: readonly Write[], merge?: Merge): FoldResult {
  const only = writes.length === 1 ? writes[0] : undefined
  if (only && only.path.length === 0) return { value: only.value, conflicts: [], standing: [] }
  const root = newPlace()
  for (const write of writes) put(root, write)
  const conflicts: Conflict[] = []
  const standing: Standing[] = []
  const seen = read(root, [], { merge, conflicts, standing })
  return { value: seen?.value, conflicts: conflicts.sort(byPath), standing }
}

const newPlace = (): Place => ({ candidates: [], makers: [], fields: undefined, whole: undefined })

function put(root: Place, write: Write): void {
  let place = root
  for (const key of write.path) {
    open(place)
    place.makers.push(write)
    place.fields ??= new Map()
    let field = place.fields.get(key)
    if (!field) place.fields.set(key, (field = newPlace()))
    place = field
  }
  clear(place, write)
  fill(place, write, write.value)
}

/** Takes away what the author of `write` had seen. Tells whether anything is left. */
function clear(place: Place, write: Write): boolean {
  const stays = (other: Write): boolean => !sameDot(write.dot, other.dot) && !supersedes(write, other)
  place.candidates = place.candidates.filter((candidate) => stays(candidate.write))
  place.makers = place.makers.filter(stays)
  if (place.whole && !stays(place.whole.write)) place.whole = undefined
  if (place.fields) {
    for (const [key, field] of place.fields) if (!clear(field, write)) place.fields.delete(key)
    if (place.fields.size === 0) place.fields = undefined
  }
  return place.candidates.length > 0 || place.makers.length > 0 || !!place.whole || !!place.fields
}

function fill(place: Place, write: Write, value: JsonValue | undefined): void {
  if (!isJsonObject(value)) {
    place.candidates.push({ write, value })
  } else if (isBare(place)) {
    place.whole = { write, value }
  } else {
    open(place)
    place.makers.push(write)
    fillFields(place, write, value)
  }
}

const isBare = (place: Place): boolean => !place.whole && !place.fields && place.makers.length === 0

function open(place: Place): void {
  if (!place.whole) return
  const { write, value } = place.whole
  place.whole = undefined
  place.makers.push(write)
  fillFields(place, write, value)
}

function fillFields(place: Place, write: Write, value: JsonObject): void {
  place.fields ??= new Map()
  for (const key of Object.keys(value)) {
    let field = place.fields.get(key)
    if (!field) place.fields.set(key, (field = newPlace()))
    fill(field, write, value[key])
  }
}

interface Reading {
  readonly merge: Merge | undefined
  readonly conflicts: Conflict[]
  readonly standing: Standing[]
}
/** What a place shows: its value, and the latest write that it comes from. */
interface Seen {
  readonly value: JsonValue
  readonly latest: Write
}
interface Alternative {
  readonly value: JsonValue | undefined
  /** The latest of `writes`. */
  readonly write: Write
  readonly writes: readonly Write[]
}

function read(place: Place, path: Path, reading: Reading): Seen | undefined {
  const object = readObject(place, path, reading)
  if (place.candidates.length === 0) return object
  if (!object && place.candidates.length === 1) {
    const { value, write } = place.candidates[0] as Candidate
    return value === undefined ? undefined : { value, latest: write }
  }
  return choose(alternativesOf(place, object), path, reading)
}

function readObject(place: Place, path: Path, reading: Reading): Seen | undefined {
  if (place.whole) return { value: place.whole.value, latest: place.whole.write }
  let latest = place.makers.length ? place.makers.reduce(later) : undefined
  const value: Record<string, JsonValue> = {}
  for (const [key, field] of place.fields ?? []) {
    const seen = read(field, [...path, key], reading)
    if (!seen) continue
    value[key] = seen.value
    latest = latest ? later(latest, seen.latest) : seen.latest
  }
  return latest && { value, latest }
}

const later = (a: Write, b: Write): Write => (compareWrites(a, b) < 0 ? b : a)

function alternativesOf(place: Place, object: Seen | undefined): Alternative[] {
  const alternatives = place.candidates.map(({ write, value }): Alternative => ({ value, write, writes: [write] }))
  if (object) alternatives.push({ value: object.value, write: object.latest, writes: writersOf(place) })
  return alternatives.sort((a, b) => compareWrites(a.write, b.write))
}

/** The writes that an object consists of. */
function writersOf(place: Place): Write[] {
  const writers = new Set(place.whole ? [place.whole.write] : place.makers)
  for (const field of place.fields?.values() ?? []) {
    for (const { write } of field.candidates) writers.add(write)
    for (const write of writersOf(field)) writers.add(write)
  }
  return [...writers]
}

function choose(alternatives: readonly Alternative[], path: Path, reading: Reading): Seen | undefined {
  const present = alternatives.filter((alternative) => alternative.value !== undefined)
  const shown = (present.at(-1) ?? alternatives.at(-1)) as Alternative
  const others = alternatives.filter((other) => other !== shown && areConcurrent(other, shown, alternatives))
  const inConflict = others.some((other) => !jsonEqual(other.value, shown.value))
  if (inConflict) {
    const listed = alternatives.filter((one) => one === shown || others.includes(one))
    reading.conflicts.push({ path, values: listed.map((one) => asConflictValue(one, one === shown)) })
    reading.standing.push({ path, writes: others.flatMap((other) => other.writes.map(asName)) })
  }
  if (shown.value === undefined) return undefined
  const merged =
    inConflict && reading.merge
      ? reading.merge(
          path,
          present.map((one) => one.value as JsonValue),
        )
      : undefined
  return { value: merged ?? shown.value, latest: shown.write }
}

/**
 * Two candidates at one place are always concurrent, for a write clears what it has seen. Only an object
 * can have been written into by someone who saw a candidate beside it.
 */
function areConcurrent(a: Alternative, b: Alternative, all: readonly Alternative[]): boolean {
  if (all.length < 2 || (!isJsonObject(a.value) && !isJsonObject(b.value))) return true
  const [object, other] = isJsonObject(a.value) ? [a, b] : [b, a]
  return object.writes.some((write) => !sameDot(write.dot, other.write.dot) && !supersedes(write, other.write))
}

const asConflictValue = ({ write, value }: Alternative, shown: boolean): ConflictValue => ({
  dot: write.dot,
  time: write.time,
  value,
  shown,
})

const asName = ({ dot, root, path }: Write): WriteName => ({ dot, root, path })

const byPath = (a: Conflict, b: Conflict): number => {
  const [left, right] = [JSON.stringify(a.path), JSON.stringify(b.path)]
  return left < right ? -1 : left > right ? 1 : 0
}
