import type { DeviceId, Dot, ReplicaId } from '@whisker/protocol'
import type { Taking } from './handle-push.ts'

/** More than a client has at once. Past it the one that pushed longest ago is forgotten, and what it writes comes back. */
const MOST_REPLICAS = 64

/** What a transaction that is not over yet will have acknowledged, if it commits. */
interface Taken {
  readonly device: DeviceId
  readonly acknowledged: readonly Dot[]
}

/**
 * What a session pushes to one space: its own subscriptions there leave out what its receipts acknowledge to the same
 * device, for one session may carry several. They have to know that from the commit on, which others may see before the
 * receipt is written.
 */
export class OwnPushes {
  readonly #acknowledged = new Map<ReplicaId, { readonly device: DeviceId; readonly counter: number }>()
  readonly #taking = new Set<Taken>()
  readonly #answers = new Set<Promise<unknown>>()

  get isIdle(): boolean {
    return this.#answers.size === 0
  }

  acknowledgedTo(device: DeviceId): readonly Dot[] {
    const settled = [...this.#acknowledged].flatMap(([replica, { device: whose, counter }]): Dot[] =>
      whose === device ? [{ replica, counter }] : [],
    )
    const taking = [...this.#taking].flatMap((taken) => (taken.device === device ? taken.acknowledged : []))
    return [...settled, ...taking]
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
    let mine: Taken | undefined
    try {
      const result = await push((device, acknowledged) => {
        if (mine) this.#taking.delete(mine)
        mine = { device, acknowledged }
        this.#taking.add(mine)
      })
      if (mine) this.#acknowledge(mine)
      return result
    } finally {
      // One that failed acknowledged nothing.
      if (mine) this.#taking.delete(mine)
    }
  }

  #acknowledge({ device, acknowledged }: Taken): void {
    for (const dot of acknowledged) this.#note(device, dot)
  }

  #note(device: DeviceId, { replica, counter }: Dot): void {
    const most = Math.max(counter, this.#acknowledged.get(replica)?.counter ?? 0)
    this.#acknowledged.delete(replica)
    this.#acknowledged.set(replica, { device, counter: most })
    const [oldest] = this.#acknowledged.keys()
    if (this.#acknowledged.size > MOST_REPLICAS && oldest) this.#acknowledged.delete(oldest)
  }
}
