import { type DocumentState, EMPTY_STATE, apply, baseOf, join, sameName } from '../document-state.ts'
import type { ReplicaId } from '../identity.ts'
import type { Operation, WriteName } from '../operation.ts'
import { STRATEGIES, type Strategy } from '../strategy.ts'
import { type VersionVector, counterOf, covers, mergeVersions, withoutReplica } from '../version-vector.ts'
import { type DocumentView, viewOf } from '../view.ts'
import type { Chance } from './random.ts'
import { type Draft, choose, draftOf } from './twin-choices.ts'
import { replica } from './writing.ts'

/*
 * One history in two worlds. In the first nothing ever gets lost. In the second replies get lost and the server is
 * restored, so that pending operations are issued again under new names, as the engine does it, though somebody may
 * have read them under the old ones. What anybody sees must be the same in both worlds.
 */

/** An operation of the second world, and what it is in the first. */
interface Issued {
  readonly operation: Operation
  readonly single: Operation
}

export class TwinDevice {
  /** What it holds in the first world. */
  single: DocumentState = EMPTY_STATE
  confirmed: DocumentState = EMPTY_STATE
  pending: readonly Issued[] = []
  /** What it holds that others may read, in a causal order. */
  readonly log: Issued[] = []
  readonly strategy: Strategy
  readonly #index: number
  readonly #ids: ReplicaId[]
  #counter = 0
  #clock = 0

  constructor(index: number, strategy: Strategy) {
    this.#index = index
    this.#ids = [replica(`M${index}`)]
    this.strategy = strategy
  }

  /** What it holds in the second world. */
  get doubled(): DocumentState {
    return this.pending.reduce((state, { operation }) => apply(state, operation), this.confirmed)
  }

  /** The names of this device in a text of the second world, as they are in the first. */
  rename(text: string): string {
    return this.#ids.reduce((renamed, id) => renamed.replaceAll(id, this.#ids[0] as ReplicaId), text)
  }

  #write(single: Draft, doubled: Draft, wall: number): void {
    if (single.delta.length + single.drop.length === 0) return
    this.#clock = Math.max(this.#clock + 1, wall)
    // No two devices write at the same time: only twins are as late.
    const stamp = { collection: 'stories', document: 'doc', time: this.#clock * 8 + this.#index }
    const counter = ++this.#counter
    const [first, now] = [this.#ids[0] as ReplicaId, this.#ids.at(-1) as ReplicaId]
    const one = { ...single, ...stamp, dot: { replica: first, counter }, base: baseOf(this.single) }
    const other = { ...doubled, ...stamp, dot: { replica: now, counter }, base: baseOf(this.doubled) }
    this.single = apply(this.single, one)
    this.pending = [...this.pending, { operation: other, single: one }]
  }

  /** What is pending is taken, and the reply arrives. */
  settle(): void {
    for (const issued of this.pending) this.receive(issued)
    this.pending = []
  }

  receive(issued: Issued): void {
    if (covers(this.confirmed.version, issued.operation.dot)) return
    this.single = apply(this.single, issued.single)
    this.confirmed = apply(this.confirmed, issued.operation)
    this.#note(issued)
  }

  #note(issued: Issued): void {
    this.log.push(issued)
    this.#clock = Math.max(this.#clock, Math.ceil(issued.operation.time / 8))
  }

  receiveFirst(from: TwinDevice, count: number): void {
    for (const issued of from.log.slice(0, count)) this.receive(issued)
  }

  /** Takes in all that another device has confirmed, as a state. */
  joinAll(from: TwinDevice): void {
    const news = from.log.filter(({ operation }) => !covers(this.confirmed.version, operation.dot))
    this.confirmed = join(this.confirmed, from.confirmed)
    for (const issued of news) {
      this.single = apply(this.single, issued.single)
      this.#note(issued)
    }
  }

  /** `other` reads the first of what is pending here; then the server forgets it, and it is to be issued again. */
  loseReply(other: TwinDevice, taken: number, id: ReplicaId): void {
    other.receiveFirst(this, this.log.length)
    for (const issued of this.pending.slice(0, taken)) other.receive(issued)
    const from = this.#ids.at(-1) as ReplicaId
    this.#ids.push(id)
    this.pending = this.pending.map((issued) => ({ ...issued, operation: this.#again(issued.operation, from, id) }))
  }

  /** Its counters stay; what it says of operations that are pending no more keeps the old name. */
  #again(operation: Operation, from: ReplicaId, to: ReplicaId): Operation {
    const confirmed = counterOf(this.confirmed.version, from)
    const rename = (name: WriteName): WriteName =>
      name.dot.replica === from && name.dot.counter > confirmed ? { ...name, dot: { ...name.dot, replica: to } } : name
    return {
      ...operation,
      dot: { ...operation.dot, replica: to },
      base: this.#baseAgain(operation.base, from, to),
      keep: operation.keep.map(rename),
      drop: operation.drop.map(rename),
    }
  }

  #baseAgain(base: VersionVector, from: ReplicaId, to: ReplicaId): VersionVector {
    const seen = counterOf(base, from)
    const known = Math.min(seen, counterOf(this.confirmed.version, from))
    const kept = known > 0 ? [{ replica: from, counter: known }] : []
    const own = seen > known ? [{ replica: to, counter: seen }] : []
    return [kept, own].reduce(mergeVersions, withoutReplica(base, from))
  }

  /** Writes what an app could through what it sees, alike in both worlds. */
  act(random: Chance, wall: number): void {
    const views = [this.single, this.doubled].map((state) =>
      viewOf(state, { strategy: this.strategy, document: 'doc' }),
    )
    const [one, other] = views as [DocumentView, DocumentView]
    const choice = choose(random, this.strategy, one)
    const [single, doubled] = [draftOf(choice, one, this.single), draftOf(choice, other, this.doubled)]
    this.#write(single, doubled, wall)
  }
}

/** One operation of the first world, under all the names that it has in the second. */
export type Twins = readonly Operation[]

export const twinsIn = (devices: readonly TwinDevice[]): Twins[] => {
  const issued = new Map(
    devices.flatMap(({ log, pending }) => [...log, ...pending].map((one) => [one.operation, one.single] as const)),
  )
  const names = Map.groupBy(issued.keys(), (operation) => issued.get(operation))
  return [...names.values()].filter(({ length }) => length > 1)
}

/** Which of an operation's writes are live. */
const liveOf = ({ writes }: DocumentState, { delta, dot }: Operation): boolean[] =>
  delta.map(({ root, path }) => writes.some((write) => sameName(write, { dot, root, path })))

export const areLive = (state: DocumentState, twins: Twins): boolean =>
  twins.filter((operation) => liveOf(state, operation).includes(true)).length > 1

/** Whether somebody has ended a write of one of the twins, and that of another goes on. */
export const haveParted = (state: DocumentState, twins: Twins): boolean => {
  const known = twins.filter(({ dot }) => covers(state.version, dot))
  return new Set(known.map((operation) => liveOf(state, operation).join())).size > 1
}

/** What a state shows under every strategy, as a text in which names stand once and in order. */
export const shownText = (state: DocumentState, rename: (text: string) => string): string =>
  STRATEGIES.map(
    (strategy) => `${strategy}\n${viewLines(viewOf(state, { strategy, document: 'doc' }), rename).join('\n')}`,
  ).join('\n')

function viewLines(
  { value, metadata, conflicts, copies, standing }: DocumentView,
  rename: (text: string) => string,
): string[] {
  const text = (part: unknown): string => rename(JSON.stringify(part))
  const names = (writes: readonly WriteName[]): string => sorted(writes.map(text)).join(' ')
  return [
    text([value, metadata, conflicts]),
    ...copies.map(({ id, value: copied, writes }) => `${text([id, copied])} ${names(writes)}`),
    ...sorted(standing.map(({ path, writes }) => `${text(path)} ${names(writes)}`)),
  ]
}

const sorted = (texts: readonly string[]): string[] => [...new Set(texts)].sort()
