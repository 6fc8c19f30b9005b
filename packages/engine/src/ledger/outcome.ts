import type { SyncError } from '@whisker/protocol'

/**
 * What becomes of an operation at the server. The promise is made when it is first asked for, so that one
 * nobody asked for is never an unhandled rejection.
 */
export class Outcome {
  #settled: { readonly error: SyncError | undefined } | undefined
  #promise: Promise<void> | undefined
  #resolve: (() => void) | undefined
  #reject: ((error: SyncError) => void) | undefined
  readonly #followers: Outcome[] = []

  /** What an operation did is now done by another one: it fares as that one does. */
  follow(other: Outcome): void {
    if (other.#settled) this.settle(other.#settled.error)
    else other.#followers.push(this)
  }

  /** The operation was taken, or, with an error, never will be. Only the first call counts. */
  settle(error?: SyncError): void {
    if (this.#settled) return
    this.#settled = { error }
    if (error) this.#reject?.(error)
    else this.#resolve?.()
    for (const follower of this.#followers) follower.settle(error)
  }

  get promise(): Promise<void> {
    this.#promise ??= new Promise<void>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (this.#settled?.error) reject(this.#settled.error)
      else if (this.#settled) resolve()
    })
    return this.#promise
  }
}
