import { jsonEqual, toJson } from '@whisker/protocol'

/** A document as an app has it before its eyes. */
export interface Seen {
  readonly value: unknown
  readonly metadata: unknown
}

/** What somebody believes of documents who looked at all of them once, and was told of each change since. */
export class ToldDocuments {
  /** By collection and id. */
  readonly #believed: Map<string, Seen>

  constructor(shown: Iterable<readonly [string, Seen]>) {
    this.#believed = new Map(shown)
  }

  /** Believes it. Returns what is wrong with it: it may not go on from what was told before. */
  take(place: string, before: unknown, after: Seen | undefined): string | undefined {
    const known = this.#believed.get(place)
    if (after) this.#believed.set(place, after)
    else this.#believed.delete(place)
    return isSame(known?.value, before) ? undefined : `${place} is told to have been what it was not`
  }

  /** A place at which there is something else than what was told. */
  missed(shown: ReadonlyMap<string, Seen>): string | undefined {
    const places = new Set([...shown.keys(), ...this.#believed.keys()])
    return [...places].find((place) => {
      const [is, told] = [shown.get(place), this.#believed.get(place)]
      return !isSame(is?.value, told?.value) || !isSame(is?.metadata, told?.metadata)
    })
  }
}

const isSame = (one: unknown, other: unknown): boolean =>
  one === other || jsonEqual(toJson(one ?? null), toJson(other ?? null))
