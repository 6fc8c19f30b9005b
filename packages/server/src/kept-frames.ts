import { type Seq, type SpaceRecord, sameDigest } from '@whisker/protocol'
import type { FrameParts, FramesToHead } from './frame-parts.ts'

/** Subscribers of one space stand at few places. */
const MOST_OF_SPACE = 4
/** What is larger is read again for who comes late: it is rare. */
const MOST_OF_FRAME = 64 * 1024
const MOST_OF_ALL = 16 * 1024 * 1024

/** What was read for one head of a space. */
class ReadFrames implements FramesToHead {
  readonly space: SpaceRecord
  readonly #frames = new Map<Seq, FrameParts>()

  constructor(space: SpaceRecord) {
    this.space = space
  }

  get size(): number {
    return [...this.#frames.values()].reduce((sum, { size }) => sum + size, 0)
  }

  async from(since: Seq, read: () => Promise<FrameParts>): Promise<FrameParts> {
    const known = this.#frames.get(since)
    if (known) return known
    const parts = await read()
    this.#frames.set(since, parts)
    return parts
  }

  /** Forgets what is too much to be kept. */
  trim(): void {
    for (const [since, { more, size }] of this.#frames) if (more || size > MOST_OF_FRAME) this.#frames.delete(since)
    for (const since of [...this.#frames.keys()].slice(0, -MOST_OF_SPACE)) this.#frames.delete(since)
  }
}

/**
 * The newest frames of each space, for subscribers who come to them later than others. Bounded: those of the spaces that
 * were read longest ago go first, and a space's with its head.
 */
export class KeptFrames {
  readonly #bySpace = new Map<string, { readonly frames: ReadFrames; readonly size: number }>()
  #size = 0

  /** In about as many bytes. */
  get size(): number {
    return this.#size
  }

  /** Lends those to the head that a space has now, to whoever reads more of them in the same snapshot. */
  async lend<T>(space: SpaceRecord, name: string, work: (frames: FramesToHead) => Promise<T>): Promise<T> {
    const known = this.#bySpace.get(name)?.frames
    const frames = known && isSame(known.space, space) ? known : new ReadFrames(space)
    const result = await work(frames)
    frames.trim()
    this.forget(name)
    const { size } = frames
    if (size === 0) return result
    this.#bySpace.set(name, { frames, size })
    this.#size += size
    for (const oldest of this.#bySpace.keys()) {
      if (this.#size <= MOST_OF_ALL) break
      this.forget(oldest)
    }
    return result
  }

  forget(name: string): void {
    this.#size -= this.#bySpace.get(name)?.size ?? 0
    this.#bySpace.delete(name)
  }
}

/** Whether a page of either would say the same. */
const isSame = (a: SpaceRecord, b: SpaceRecord): boolean =>
  a.head === b.head && a.collected === b.collected && sameDigest(a.digest, b.digest)
