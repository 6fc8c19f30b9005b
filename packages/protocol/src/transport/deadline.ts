import type { Clock } from '../environment.ts'
import { SyncError } from '../errors.ts'

/** The longest time that a timer can wait, in milliseconds. */
export const LONGEST_MS: number = 2 ** 31 - 1

/** What can end a request before its answer. */
export interface Ends {
  readonly timeoutMs: number
  readonly clock: Clock
  /** The caller's. */
  readonly signal: AbortSignal | undefined
  /** The transport's own, when it is closed. */
  readonly closing: AbortSignal
  /** For messages: the method and the url. */
  readonly what: string
}

/** Runs `work`, but never longer than its ends allow, even if it ignores the signal it is given. */
export function untilEnd<T>(ends: Ends, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const undo: (() => void)[] = []
  const ended = new Promise<never>((_, reject) => {
    const end = (why: SyncError): void => {
      reject(why)
      controller.abort(why)
    }
    const onAbort = (signal: AbortSignal, why: () => SyncError): void => {
      const listener = (): void => end(why())
      if (signal.aborted) return listener()
      signal.addEventListener('abort', listener, { once: true })
      undo.push(() => signal.removeEventListener('abort', listener))
    }
    onAbort(ends.closing, closedError)
    if (ends.signal) onAbort(ends.signal, () => aborted(ends))
    undo.push(ends.clock.after(ends.timeoutMs, () => end(timedOut(ends))))
  })
  const working = controller.signal.aborted ? ended : work(controller.signal)
  return Promise.race([ended, working]).finally(() => {
    for (const undoOne of undo) undoOne()
  })
}

export const closedError = (): SyncError =>
  new SyncError('closed', 'The transport was closed.', { fix: 'Make a new one.' })

const aborted = ({ what, signal }: Ends): SyncError =>
  new SyncError('aborted', `${what} was aborted by its caller.`, { cause: signal?.reason })

const timedOut = ({ what, timeoutMs }: Ends): SyncError =>
  new SyncError('timeout', `${what} had no whole answer after ${timeoutMs} ms.`, {
    fix: 'Try again; on a slow connection give the transport a larger timeoutMs.',
  })
