import type { Dot, ReplicaId } from '@whisker/protocol'
import type { Taking } from './handle-push.ts'

/** More than a client has at once. Past it the one that pushed longest ago is forgotten, and what it writes comes back. */
const MOST_REPLICAS = 64

/**
 * What a session pushes to one space: its own subscriptions there leave out what its receipts acknowledge. They have
 * to know that from the commit on, which others may see before the receipt is written.
 */
export class OwnPushes {
  readonly #acknowledged = new Map<ReplicaId, number>()
  /** What transactions that are not over yet will have acknowledged, if they commit. */
  readonly #taking = new Set<readonly Dot[]>()
  readonly #answers = new Set<Promise<unknown>>()

  get isIdle(): boolean {
    return this.#answers.size === 0
  }

  get acknowledged(): readonly Dot[] {
    const settled = [...this.#acknowledged].map(([replica, counter]): Dot => ({ replica, counter }))
    return [...settled, ...[...this.#taking].flat()]
  }

  /** Counts an answer to a push as on its way until it is there. */
  answering(answer: Promise<unknown>, over: () => void): void {
    this.#answers.add(answer)
    void answer.finally(() => {
      this.#answers.delete(answer)
      over()
    })
  }

  /** Resolves after whoever waits for the answers that are on their way now has been given them. */
  async answered(): Promise<void> {
    await Promise.all(this.#answers)
  }

  async during<T>(push: (taking: Taking) => Promise<T>): Promise<T> {
    let mine: readonly Dot[] = []
    try {
      const result = await push((acknowledged) => {
        mine = acknowledged
        this.#taking.add(mine)
      })
      for (const { replica, counter } of mine) this.#acknowledge(replica, counter)
      return result
    } finally {
      // One that failed acknowledged nothing.
      this.#taking.delete(mine)
    }
  }

  #acknowledge(replica: ReplicaId, counter: number): void {
    const most = Math.max(counter, this.#acknowledged.get(replica) ?? 0)
    this.#acknowledged.delete(replica)
    this.#acknowledged.set(replica, most)
    const [oldest] = this.#acknowledged.keys()
    if (this.#acknowledged.size > MOST_REPLICAS && oldest) this.#acknowledged.delete(oldest)
  }
}
