import type { CollectionChange, DocumentChange, SyncEngine } from '@whisker/engine'
import { STRATEGIES } from '@whisker/protocol'
import type { Docs } from '../workload/documents.ts'
import { textsIn } from './model.ts'
import type { Surroundings } from './surroundings.ts'
import { type Seen, ToldDocuments } from './told-documents.ts'
import { Violation } from './violation.ts'

type Change = CollectionChange<unknown>

/**
 * An app that looks at everything once, and from then on goes by what it is told: what it believes to be there must be
 * what is there.
 */
export class Onlooker {
  readonly #name: string
  readonly #engine: SyncEngine<Docs>
  readonly #report: (violation: Violation) => void
  /** What the engine tells of all collections, and what each collection tells of itself. */
  readonly #byEngine: ToldDocuments
  readonly #byCollection: ToldDocuments
  /** What the collections told of last, and the engine did not yet. */
  readonly #fresh = new Map<string, Change>()
  /** Collection, id and path of each open conflict. */
  readonly #conflicts: Set<string>
  /** Texts that were before its eyes, or may come to be there when something that covers them is taken back. */
  readonly #known: Set<string>
  /** Texts that it wrote since it was told of anything. */
  readonly #own = new Set<string>()

  constructor(name: string, engine: SyncEngine<Docs>, around: Surroundings, report: (violation: Violation) => void) {
    this.#name = name
    this.#engine = engine
    this.#report = report
    const shown = shownBy(engine)
    this.#byEngine = new ToldDocuments(shown)
    this.#byCollection = new ToldDocuments(shown)
    this.#conflicts = conflictsOf(engine)
    this.#known = new Set([...textsIn([...shown, engine.rejected.list()]), ...around.texts()])
    for (const collection of STRATEGIES) {
      this.#look(collection)
      engine.collection(collection).subscribe((changes) => this.#hearCollection(collection, changes))
    }
    engine.on('change', (changes) => this.#hearEngine(changes))
    // Whatever is told is told by now; what it wrote and did not see may show at last because of somebody else.
    engine.on('status_changed', () => {
      for (const text of this.#own) this.#known.add(text)
      this.#own.clear()
    })
    engine.on('conflict_detected', ({ collection, id, conflict }) => {
      this.#conflicts.add(placeOf(collection, id, conflict.path))
      this.#learn(conflict)
    })
    engine.on('conflict_resolved', ({ collection, id, conflict }) =>
      this.#conflicts.delete(placeOf(collection, id, conflict.path)),
    )
  }

  /** Texts that this app is about to be shown because it wrote them, and such as it saw and wrote once more. */
  wrote(texts: readonly string[], again: readonly string[] = []): void {
    for (const text of texts) this.#own.add(text)
    for (const text of again) this.#known.add(text)
  }

  #hearCollection(collection: keyof Docs, changes: readonly Change[]): void {
    if (isClosed(this.#engine)) return
    for (const change of changes) {
      const { id, after } = change
      const place = placeOf(collection, id)
      if (after !== this.#engine.collection(collection).get(id)) this.#fail(`${place} is told to be what it is not`)
      this.#take(this.#byCollection, collection, change)
      this.#checkOrigin(place, change)
      this.#fresh.set(place, change)
    }
    this.#learn(changes)
    this.#look(collection)
  }

  #hearEngine(changes: readonly DocumentChange[]): void {
    if (isClosed(this.#engine)) return
    for (const change of changes) {
      const place = placeOf(change.collection, change.id)
      const told = this.#fresh.get(place)
      if (told?.before !== change.before || told?.after !== change.after || told?.origin !== change.origin)
        this.#fail(`${place} is told to be one thing by its collection and another by the engine`)
      this.#take(this.#byEngine, change.collection as keyof Docs, change)
    }
    this.#fresh.clear()
  }

  #take(
    told: ToldDocuments,
    collection: keyof Docs,
    { id, before, after }: Pick<DocumentChange, 'id' | 'before' | 'after'>,
  ): void {
    const metadata = this.#engine.collection(collection).metadata(id)
    const wrong = told.take(
      placeOf(collection, id),
      before,
      after === undefined ? undefined : { value: after, metadata },
    )
    if (wrong !== undefined) this.#fail(wrong)
  }

  /** A text that was never there before came with a write of this app's own, or from elsewhere. */
  #checkOrigin(place: string, { before, after, origin }: Change): void {
    const isOwn = origin === 'local'
    // Who edits what others have deleted brings back all that was in it.
    if (isOwn && before === undefined && textsIn(after).some((text) => this.#own.has(text))) return
    const wrong = textsIn(after).find((text) => !this.#known.has(text) && this.#own.has(text) !== isOwn)
    if (wrong !== undefined) this.#fail(`${wrong} at ${place} is told to be ${origin}`)
  }

  /** What is listed is before everybody's eyes as well. */
  #look(collection: keyof Docs): void {
    this.#learn(this.#engine.collection(collection).conflicts())
  }

  #learn(shown: unknown): void {
    for (const text of textsIn(shown)) this.#known.add(text)
  }

  #fail(what: string): void {
    this.#report(new Violation('M31', `${this.#name}: ${what}`))
  }

  /** Once nothing is under way: what was told comes to what is there. */
  check(): void {
    const shown = new Map(shownBy(this.#engine))
    for (const told of [this.#byEngine, this.#byCollection]) {
      const missed = told.missed(shown)
      if (missed !== undefined) throw new Violation('M31', `${this.#name} was not told what became of ${missed}`)
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

const shownBy = (engine: SyncEngine<Docs>): readonly (readonly [string, Seen])[] =>
  STRATEGIES.flatMap((name) =>
    engine
      .collection(name)
      .list()
      .map(({ id, value, metadata }) => [placeOf(name, id), { value, metadata }] as const),
  )

/** Collection, id and path of each conflict that is listed. */
export const conflictsOf = (engine: SyncEngine<Docs>): Set<string> =>
  new Set(
    STRATEGIES.flatMap((name) =>
      engine
        .collection(name)
        .conflicts()
        .map(({ id, path }) => placeOf(name, id, path)),
    ),
  )

/** It tells of what it does while it closes; then nothing can be read any more. */
export function isClosed(engine: SyncEngine<Docs>): boolean {
  try {
    return engine.collection('manual').size < 0
  } catch {
    return true
  }
}
