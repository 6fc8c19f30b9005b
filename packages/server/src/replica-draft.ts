import {
  type CheckValue,
  FIRST_CHECK,
  type PushProblem,
  type ReplicaClaim,
  type ReplicaId,
  type ReplicaMark,
  type ReplicaRow,
} from '@whisker/protocol'

const BEFORE_FIRST: ReplicaMark = { counter: 0, check: FIRST_CHECK }

/** Where the server's history of a replica ends. */
export const lastOf = (row: ReplicaRow | undefined): ReplicaMark => row?.last ?? BEFORE_FIRST

/** A replica while a push goes over it: how far the server's history of it goes, and how far the push has come. */
export class ReplicaDraft {
  readonly replica: ReplicaId
  readonly taken: ReplicaMark[] = []
  readonly #kept: Map<number, CheckValue>
  /** The last operation of the server's history. */
  last: ReplicaMark
  /** The last entry of the push that is known to be in it. */
  reached: ReplicaMark

  constructor({ replica, previous }: ReplicaClaim, row: ReplicaRow | undefined, kept: readonly ReplicaMark[]) {
    this.replica = replica
    this.last = lastOf(row)
    this.reached = previous
    this.#kept = new Map(kept.map(({ counter, check }) => [counter, check]))
    this.#kept.set(this.last.counter, this.last.check)
    this.#kept.set(0, FIRST_CHECK)
  }

  /** Whether the server's history holds this very operation; not if its check value is no longer kept. */
  knows({ counter, check }: ReplicaMark): boolean {
    return this.#kept.get(counter) === check
  }

  /** The push has come to an operation that the server holds already. */
  confirm(mark: ReplicaMark): void {
    this.reached = mark
  }

  /** The push says something else of this replica than the server's history does. */
  fork(): PushProblem {
    return { code: 'replica_forked', replica: this.replica, last: this.last }
  }

  /** The operation after the last is taken. */
  take(mark: ReplicaMark): void {
    this.taken.push(mark)
    this.last = mark
    this.reached = mark
  }
}
