import { type DocumentState, EMPTY_STATE, apply, baseOf, join, nameOf, sameName } from '../document-state.ts'
import { deltaBetween } from '../delta.ts'
import { formatDot } from '../identity.ts'
import type { JsonValue } from '../json.ts'
import { type Delta, type Operation, type OperationType, type WriteName, isPrefix } from '../operation.ts'
import { type Strategy, unitOf } from '../strategy.ts'
import { type Copy, type DocumentView, viewOf } from '../view.ts'
import { type Chance, randomEdit, randomJson, randomKey, randomObject } from './random.ts'
import { replica } from './writing.ts'

/** One replica of a history: it writes as an engine does, and takes in what others wrote, one way or the other. */
export class Device {
  readonly states: Map<string, DocumentState> = new Map()
  /** All it has integrated, in a causal order. */
  readonly log: Operation[] = []
  readonly #known = new Set<string>()
  readonly #name: string
  strategy: Strategy
  #counter = 0
  #clock = 0
  #reissued = 0

  constructor(name: string, strategy: Strategy) {
    this.#name = name
    this.strategy = strategy
  }

  state(document: string): DocumentState {
    return this.states.get(document) ?? EMPTY_STATE
  }

  view(document: string, strategy: Strategy = this.strategy): DocumentView {
    return viewOf(this.state(document), { strategy, document })
  }

  receive(operation: Operation): void {
    const name = formatDot(operation.dot)
    if (this.#known.has(name)) return
    this.states.set(operation.document, apply(this.state(operation.document), operation))
    this.#note(operation, name)
  }

  #note(operation: Operation, name: string): void {
    this.#known.add(name)
    this.log.push(operation)
    this.#clock = Math.max(this.#clock, operation.time)
  }

  /** Takes in everything of another device as states. */
  joinAll(other: Device): void {
    for (const [document, state] of other.states) this.states.set(document, join(this.state(document), state))
    for (const operation of other.log) {
      const name = formatDot(operation.dot)
      if (!this.#known.has(name)) this.#note(operation, name)
    }
  }

  /** Takes in the first operations of another device's log. */
  receiveFirst(other: Device, count: number): void {
    for (const operation of other.log.slice(0, count)) this.receive(operation)
  }

  write(
    document: string,
    type: OperationType,
    delta: Delta,
    keep: readonly WriteName[],
    drop: readonly WriteName[],
    wall: number,
  ): void {
    if (delta.length === 0 && drop.length === 0) return
    this.#clock = Math.max(this.#clock + 1, wall)
    this.receive({
      type,
      collection: 'stories',
      document,
      dot: { replica: replica(this.#name), counter: ++this.#counter },
      time: this.#clock,
      base: baseOf(this.state(document)),
      delta,
      keep,
      drop,
    })
  }

  /** The last operation once more, under another replica id, as after a lost reply and a restored server. */
  reissue(): void {
    const last = this.log.at(-1)
    if (last) this.receive({ ...last, dot: { replica: replica(`${this.#name}again${++this.#reissued}x`), counter: 1 } })
  }

  act(random: Chance, wall: number): void {
    const document = random.chance(0.75) ? 'doc' : random.pick(['doc', ...this.states.keys()])
    const view = this.view(document)
    const dice = random.fraction()
    if (view.copies.length > 0 && dice < 0.2) this.#takeCopy(random, document, random.pick(view.copies), wall)
    else if (view.conflicts.length > 0 && dice < 0.2) this.#resolve(random, document, view, wall)
    else if (view.value === undefined) this.#create(random, document, view, wall)
    else if (dice < 0.3) this.#delete(document, view, wall)
    else if (dice < 0.4)
      this.write(
        document,
        'metadata_update',
        deltaBetween(view.metadata, randomEdit(random, view.metadata), 'metadata'),
        [],
        [],
        wall,
      )
    else this.#edit(document, view, randomEdit(random, view.value), wall)
    if (random.chance(0.01)) this.reissue()
  }

  #create(random: Chance, document: string, view: DocumentView, wall: number): void {
    const value = { a: randomJson(random), ...randomObject(random) }
    this.write(
      document,
      'create',
      [{ root: 'content', path: [], value }],
      this.#kept(view, [{ root: 'content', path: [], value }]),
      [],
      wall,
    )
  }

  #delete(document: string, view: DocumentView, wall: number): void {
    const keep = this.strategy === 'keep_both' ? view.standing.flatMap((place) => place.writes) : []
    this.write(document, 'delete', [{ root: 'content', path: [], value: undefined }], keep, [], wall)
  }

  #edit(document: string, view: DocumentView, value: JsonValue, wall: number): void {
    const delta: Delta =
      unitOf(this.strategy) === 'document'
        ? [{ root: 'content', path: [], value }]
        : deltaBetween(view.value as JsonValue, value)
    if (delta.length > 0) this.write(document, 'update', delta, this.#kept(view, delta), [], wall)
  }

  #kept(view: DocumentView, delta: Delta): readonly WriteName[] {
    if (this.strategy === 'keep_both') return view.standing.flatMap((place) => place.writes)
    if (this.strategy !== 'manual') return []
    return view.standing
      .filter((place) => delta.some((write) => write.root === 'content' && isPrefix(write.path, place.path)))
      .flatMap((place) => place.writes)
  }

  #resolve(random: Chance, document: string, view: DocumentView, wall: number): void {
    const conflict = random.pick(view.conflicts)
    const { value } = random.pick(conflict.values)
    const isDelete = conflict.path.length === 0 && value === undefined
    this.write(
      document,
      isDelete ? 'delete' : 'update',
      [{ root: 'content', path: conflict.path, value }],
      [],
      [],
      wall,
    )
  }

  /** Edits a copy, which makes a real document of it, or says that it is not wanted; both drop it from the original. */
  #takeCopy(random: Chance, document: string, copy: Copy, wall: number): void {
    if (random.chance(0.6)) {
      const real = this.view(copy.id)
      const value = { ...copy.value, [randomKey(random)]: random.below(9) }
      if (real.value === undefined) {
        const delta: Delta = [{ root: 'content', path: [], value }]
        this.write(copy.id, 'create', delta, this.#kept(real, delta), [], wall)
      } else this.#edit(copy.id, real, value, wall)
    }
    const live = this.state(document).writes.map(nameOf)
    const drop = copy.writes.filter((name) => live.some((one) => sameName(name, one)))
    this.write(document, 'update', [], [], drop, wall)
  }
}
