import {
  type Cursor,
  type Device,
  type Digest,
  type DocumentState,
  type Dot,
  EMPTY_DIGEST,
  EMPTY_STATE,
  LIMITS,
  type LiveFrame,
  type Operation,
  type Page,
  type Transport,
  apply,
  changeDigest,
  covers,
  documentHash,
  join,
  mintDeviceId,
  systemRandom,
} from '@whisker/protocol'
import { setTimeout as wait } from 'node:timers/promises'

export const COLLECTION = 'passages'

/** How what is read came. */
export interface Reading {
  frames: number
  hints: number
  pulls: number
  /** Pulls that were not answered. */
  failures: number
}

/**
 * One subscriber as light as can be: it follows the frames of a space, pulls where they leave a gap, and keeps the states of
 * the documents in memory.
 */
export class Follower {
  readonly transport: Transport
  readonly space: string
  readonly device: Device
  readonly documents = new Map<string, DocumentState>()
  readonly reading: Reading = { frames: 0, hints: 0, pulls: 0, failures: 0 }
  /** What it wrote itself and knows to be taken. */
  acknowledged: readonly Dot[] = []
  cursor: Cursor = { epoch: undefined, since: 0, after: 0 }
  isConnected = false
  readonly #sighted: (operation: Operation) => void
  readonly #moved: (from: number, to: number) => void
  #isPulling = false
  #isBehind = false
  #counted: { readonly since: number; readonly digest: Digest } | undefined
  #waiting: (() => void)[] = []

  /**
   * `sighted` is told of each operation that it learns of, but for those that come within a state; `moved` of each step of
   * its cursor.
   */
  constructor(
    transport: Transport,
    name: string,
    space: string,
    sighted: (operation: Operation) => void,
    moved: (from: number, to: number) => void = () => undefined,
  ) {
    this.transport = transport
    this.space = space
    this.device = { id: mintDeviceId(systemRandom), name }
    this.#sighted = sighted
    this.#moved = moved
  }

  start(): void {
    this.transport.subscribe?.(this.#request(), {
      changed: (frame) => this.#changed(frame),
      connected: (isConnected) => {
        this.isConnected = isConnected
        if (!isConnected) return
        for (const resolve of this.#waiting.splice(0)) resolve()
        this.#pull()
      },
    })
  }

  /** Resolves at once while it is connected, else when it is again. */
  async connected(): Promise<void> {
    if (this.isConnected) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    await promise
  }

  get isCaughtUp(): boolean {
    return this.isConnected && !this.#isPulling && this.cursor.epoch !== undefined
  }

  /** What it holds, as a count and a hash. */
  digest(): Digest {
    const { since } = this.cursor
    if (this.#counted?.since === since) return this.#counted.digest
    let digest = EMPTY_DIGEST
    for (const [document, { version }] of this.documents) {
      digest = changeDigest(digest, undefined, documentHash(COLLECTION, document, version))
    }
    this.#counted = { since, digest }
    return digest
  }

  integrate(document: string, operation: Operation): void {
    this.documents.set(document, apply(this.documents.get(document) ?? EMPTY_STATE, operation))
    this.#counted = undefined
  }

  #request() {
    return {
      space: this.space,
      device: this.device,
      cursor: this.cursor,
      seen: this.cursor.since,
      acknowledged: this.acknowledged,
    }
  }

  #changed(frame: LiveFrame | undefined): void {
    if (!frame) this.reading.hints++
    else if (!this.#isPulling && frame.from <= this.cursor.since && this.cursor.after === this.cursor.since) {
      this.reading.frames++
      if (frame.since > this.cursor.since) this.#take(frame)
      return
    }
    this.#pull()
  }

  #pull(): void {
    this.#isBehind = true
    if (this.#isPulling) return
    this.#isPulling = true
    void this.#pullAll().finally(() => {
      this.#isPulling = false
    })
  }

  async #pullAll(): Promise<void> {
    while (this.#isBehind) {
      this.#isBehind = false
      try {
        this.reading.pulls++
        const page = await this.transport.pull({ ...this.#request(), limit: LIMITS.pageRows, waitMs: 0 })
        this.#take(page)
        this.#isBehind ||= page.more
      } catch {
        // Asked again, once there is a connection.
        this.reading.failures++
        this.#isBehind = true
        await Promise.all([wait(1000 * Math.random()), this.connected()])
      }
    }
  }

  #take(page: Page): void {
    for (const { document, state, operations } of page.rows) {
      let known = this.documents.get(document) ?? EMPTY_STATE
      if (state) known = join(known, state)
      for (const operation of operations) {
        if (!covers(known.version, operation.dot)) this.#sighted(operation)
        known = apply(known, operation)
      }
      this.documents.set(document, known)
    }
    const { since, after } = page
    const from = this.cursor.since
    this.cursor = { epoch: page.epochs.at(-1)?.id ?? this.cursor.epoch, since, after }
    this.#counted = undefined
    this.#moved(from, since)
  }
}
