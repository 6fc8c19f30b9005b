import type { Write } from '../document-state.ts'
import { type JsonValue, canonicalJson, isJsonObject } from '../json.ts'

/*
 * The conflicts of a document by the definition alone, without a fold: every write is taken apart into what
 * it gives to each place, what a later write has seen and covers is struck out, and a place at which different
 * values remain, not all of them seen by each other, is a conflict. Slow, and independent of the product.
 */

type Kind = 'value' | 'removed' | 'object' | 'inside'
interface Gift {
  readonly kind: Kind
  readonly place: readonly string[]
  readonly value: JsonValue | undefined
  readonly write: Write
}

const leadsTo = (short: readonly string[], long: readonly string[]): boolean =>
  JSON.stringify(short) === JSON.stringify(long.slice(0, short.length))

function saw(later: Write, earlier: Write): boolean {
  const kept = later.keep.some(
    ({ dot, root, path }) =>
      dot.replica === earlier.dot.replica &&
      dot.counter === earlier.dot.counter &&
      root === earlier.root &&
      JSON.stringify(path) === JSON.stringify(earlier.path),
  )
  return (
    !kept &&
    later.base.some(({ replica, counter }) => replica === earlier.dot.replica && counter >= earlier.dot.counter)
  )
}

function giftsOf(write: Write): Gift[] {
  const gifts: Gift[] = write.path.map((_, index) => ({
    kind: 'inside',
    place: write.path.slice(0, index),
    value: undefined,
    write,
  }))
  const walk = (place: readonly string[], value: JsonValue | undefined): void => {
    if (!isJsonObject(value)) {
      gifts.push({ kind: value === undefined ? 'removed' : 'value', place, value, write })
      return
    }
    gifts.push({ kind: 'object', place, value, write })
    for (const [key, item] of Object.entries(value)) walk([...place, key], item)
  }
  walk(write.path, write.value)
  return gifts
}

/**
 * The places of the conflicts among the field writes of one root, as sorted JSON texts; with `ever`, also of those
 * that a later write has settled since.
 */
export function naiveConflicts(writes: readonly Write[], ever: boolean = false): string[] {
  const gifts = writes
    .flatMap(giftsOf)
    .filter(
      (gift) =>
        ever ||
        !writes.some((later) => later !== gift.write && saw(later, gift.write) && leadsTo(later.path, gift.place)),
    )
  const places = new Map<string, Gift[]>()
  for (const gift of gifts) {
    const key = JSON.stringify(gift.place)
    places.set(key, [...(places.get(key) ?? []), gift])
  }
  return [...places]
    .filter(([, here]) => isConflict(here, gifts))
    .map(([key]) => key)
    .sort()
}

const apart = (a: Write, b: Write): boolean => a !== b && !saw(a, b) && !saw(b, a)

function isConflict(here: readonly Gift[], all: readonly Gift[]): boolean {
  const singles = here.filter((gift) => gift.kind === 'value' || gift.kind === 'removed')
  const text = (gift: Gift): string => (gift.value === undefined ? 'removed' : canonicalJson(gift.value))
  if (singles.some((one) => singles.some((other) => text(one) !== text(other) && apart(one.write, other.write))))
    return true
  if (!here.some((gift) => gift.kind === 'object' || gift.kind === 'inside')) return false
  const place = here[0]?.place ?? []
  const makers = all.filter((gift) => leadsTo(place, gift.place) && !singles.includes(gift)).map((gift) => gift.write)
  return singles.some((single) => makers.some((maker) => maker !== single.write && !saw(maker, single.write)))
}
