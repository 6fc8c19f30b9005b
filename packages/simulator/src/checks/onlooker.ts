import type { SyncEngine } from '@whisker/engine'
import { STRATEGIES, jsonEqual, toJson } from '@whisker/protocol'
import type { Docs } from '../workload/documents.ts'
import { Violation } from './violation.ts'

/**
 * An app that looks at everything once, and from then on goes by what it is told: what it believes to be there must be
 * what is there.
 */
export class Onlooker {
  readonly #name: string
  readonly #engine: SyncEngine<Docs>
  /** By collection and id: the value. */
  readonly #documents = new Map<string, unknown>()
  /** Collection, id and path of each open conflict. */
  readonly #conflicts: Set<string>

  constructor(name: string, engine: SyncEngine<Docs>, report: (violation: Violation) => void) {
    this.#name = name
    this.#engine = engine
    for (const [place, value] of shownBy(engine)) this.#documents.set(place, value)
    this.#conflicts = conflictsOf(engine)
    engine.on('change', (changes) => {
      for (const { collection, id, after } of changes) {
        if (after === undefined) this.#documents.delete(placeOf(collection, id))
        else this.#documents.set(placeOf(collection, id), after)
      }
    })
    engine.on('conflict_detected', ({ collection, id, conflict }) =>
      this.#conflicts.add(placeOf(collection, id, conflict.path)),
    )
    engine.on('conflict_resolved', ({ collection, id, conflict }) =>
      this.#conflicts.delete(placeOf(collection, id, conflict.path)),
    )
    engine.on('status_changed', ({ rejected, conflicts }) => {
      if (isClosed(engine)) return
      const is = { rejected: engine.rejected.list().length, conflicts: conflictsOf(engine).size }
      if (rejected !== is.rejected || conflicts !== is.conflicts) {
        report(
          new Violation(
            'M31',
            `${name} tells of ${rejected} refused and ${conflicts} conflicts; there are ${is.rejected} and ${is.conflicts}`,
          ),
        )
      }
    })
  }

  /** Once nothing is under way: what was told comes to what is there. */
  check(pending: number): void {
    const { status } = this.#engine
    if (status.pending !== pending) {
      throw new Violation('M31', `${this.#name} tells of ${status.pending} operations to send; there are ${pending}`)
    }
    const shown = new Map(shownBy(this.#engine))
    for (const place of new Set([...shown.keys(), ...this.#documents.keys()])) {
      if (jsonEqual(toJson(shown.get(place) ?? null), toJson(this.#documents.get(place) ?? null))) continue
      throw new Violation('M31', `${this.#name} was not told what became of ${place}`)
    }
    const open = conflictsOf(this.#engine)
    const wrong = [...new Set([...open, ...this.#conflicts])].filter(
      (one) => open.has(one) !== this.#conflicts.has(one),
    )
    if (wrong.length > 0)
      throw new Violation('M31', `${this.#name} was not told of the conflict at ${wrong.join(', ')}, or of its end`)
  }
}

const placeOf = (collection: string, id: string, path: readonly string[] = []): string =>
  [collection, id, ...path].join('/')

const shownBy = (engine: SyncEngine<Docs>): readonly (readonly [string, unknown])[] =>
  STRATEGIES.flatMap((name) =>
    engine
      .collection(name)
      .list()
      .map(({ id, value }) => [placeOf(name, id), value] as const),
  )

const conflictsOf = (engine: SyncEngine<Docs>): Set<string> =>
  new Set(
    STRATEGIES.flatMap((name) =>
      engine
        .collection(name)
        .conflicts()
        .map(({ id, path }) => placeOf(name, id, path)),
    ),
  )

/** It tells its status once more when it closes; then nothing can be read any more. */
function isClosed(engine: SyncEngine<Docs>): boolean {
  try {
    return engine.collection('manual').size < 0
  } catch {
    return true
  }
}
