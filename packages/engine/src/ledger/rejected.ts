import type { Operation } from '@whisker/protocol'

/** An operation that was refused, with its whole content. */
export interface Rejected {
  /** The name under which the app retries or discards it. */
  readonly id: string
  readonly operation: Operation
  readonly reason: { readonly code: string; readonly message: string }
  /** When it was refused, in milliseconds since 1970. */
  readonly at: number
  /** Its place in the order in which this store's writes were to be sent; undefined if it was sent before, and is lost there. */
  readonly position: number | undefined
}

/** What is known of an operation that was refused, after the app has let go of it. */
export type LetGo = Pick<Rejected, 'position' | 'reason'>
