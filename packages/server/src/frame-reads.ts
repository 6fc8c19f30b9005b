import { type Clock, type Limits, type SpaceReader, type SyncStore, isSyncError } from '@whisker/protocol'
import { KeptFrames } from './kept-frames.ts'
import type { Notifier } from './notifier.ts'
import { type FrameQuestion, MOST_UNREAD_BYTES, type ReadFrame, readFrame } from './read-frame.ts'

export interface FrameReadServices {
  readonly store: SyncStore
  readonly clock: Clock
  readonly limits: Limits
  readonly notifier: Notifier
}

interface Asked extends Pick<PromiseWithResolvers<ReadFrame | undefined>, 'resolve' | 'reject'> {
  readonly question: FrameQuestion
}

/**
 * Reads what is told to subscribers: once for all who ask before a snapshot of their space is there. Who stands at the same
 * place and wrote nothing of it is told the same bytes.
 */
export class FrameReads {
  readonly #services: FrameReadServices
  readonly #limits: Limits
  readonly #followers = new Map<string, number>()
  readonly #waiting = new Map<string, Asked[]>()
  readonly #kept = new KeptFrames()

  constructor(services: FrameReadServices) {
    const { limits } = services
    this.#services = services
    this.#limits = { ...limits, messageBytes: Math.min(limits.messageBytes, MOST_UNREAD_BYTES) }
  }

  /** Tells a subscriber that a space changed, until they leave; call what it returns once. Frames are kept for followers only. */
  follow(space: string, changed: () => void): () => void {
    const forget = this.#services.notifier.wait(space, changed)
    this.#followers.set(space, (this.#followers.get(space) ?? 0) + 1)
    return () => {
      forget()
      const left = (this.#followers.get(space) ?? 1) - 1
      if (left > 0) return void this.#followers.set(space, left)
      this.#followers.delete(space)
      this.#kept.forget(space)
    }
  }

  /** What changed after a cursor, undefined if nothing did. Throws what the subscriber is refused with. */
  async read(question: FrameQuestion): Promise<ReadFrame | undefined> {
    const { space } = question.subscriber.request
    const { promise, resolve, reject } = Promise.withResolvers<ReadFrame | undefined>()
    const asked: Asked = { question, resolve, reject }
    const waiting = this.#waiting.get(space)
    if (waiting) waiting.push(asked)
    else void this.#answer(space, [asked])
    return promise
  }

  /** Answers those who are there, and those who come until there is a snapshot. */
  async #answer(space: string, all: Asked[]): Promise<void> {
    const { store } = this.#services
    this.#waiting.set(space, all)
    const begin = (): void => {
      if (this.#waiting.get(space) === all) this.#waiting.delete(space)
    }
    try {
      const settled = await store.read(space, async (reader) => {
        begin()
        return this.#readAll(space, reader, all)
      })
      for (const settle of settled) settle()
    } catch (thrown) {
      begin()
      for (const { reject } of all) reject(thrown)
    }
  }

  async #readAll(name: string, reader: SpaceReader, all: readonly Asked[]): Promise<readonly (() => void)[]> {
    const nowMs = this.#services.clock.now()
    const settled = await this.#kept.lend(await reader.space(), name, async (frames) => {
      const snapshot = { reader, frames, limits: this.#limits, nowMs }
      const settle: (() => void)[] = []
      for (const { question, resolve, reject } of all) {
        try {
          const frame = await readFrame(question, snapshot)
          settle.push(() => resolve(frame))
        } catch (thrown) {
          // A failure of the store is everybody's, a refusal is their own.
          if (!isSyncError(thrown)) throw thrown
          settle.push(() => reject(thrown))
        }
      }
      return settle
    })
    if (!this.#followers.has(name)) this.#kept.forget(name)
    return settled
  }
}
