import {
  type DocumentChange,
  type Limits,
  type Offer,
  type PushProblem,
  type Reason,
  type RecordedStrategy,
  type RefusedOffer,
  type ReplicaId,
  type Strategies,
  type Void,
  apply,
  checkAfter,
  checkAfterVoids,
  covers,
  timestampAt,
} from '@whisker/protocol'
import { DocumentDraft, type PreparedOperation, shown, shownBytes } from './document-draft.ts'
import type { LoadedPush } from './load-push.ts'
import { type PreparedPush, documentKey, isPrepared } from './prepare-push.ts'
import { type ReplicaDraft, lastOf } from './replica-draft.ts'
import type { Principal, Validate } from './server-options.ts'

export interface PushContext {
  readonly principal: Principal
  readonly nowMs: number
  readonly limits: Limits
  readonly validate: Validate | undefined
}

/** A millisecond: operations may be this far above the highest time of their space, however far that is ahead. */
const CLOCK_TICKS_ABOVE = 4096

/** The offers and entries of a push, taken one after another until one of them is a problem. */
export class PushWork {
  readonly #loaded: LoadedPush
  readonly #context: PushContext
  readonly #replicas: ReadonlyMap<ReplicaId, ReplicaDraft>
  readonly #documents = new Map<string, DocumentDraft>()
  #named: Strategies = {}
  #repeats = false
  #from: number | undefined
  head: number
  highestTime: number
  problem: PushProblem | undefined
  readonly refusedOffers: RefusedOffer[] = []
  readonly newStrategies: RecordedStrategy[] = []

  constructor(loaded: LoadedPush, context: PushContext, replicas: ReadonlyMap<ReplicaId, ReplicaDraft>) {
    this.#loaded = loaded
    this.#context = context
    this.#replicas = replicas
    this.head = loaded.space.head
    this.highestTime = loaded.space.highestTime
  }

  /** The head before the first operation that is new; a push that repeats anything moves no cursor. */
  get from(): number | undefined {
    return this.#repeats ? undefined : this.#from
  }

  run({ request, entries }: PreparedPush): void {
    this.#named = request.strategies
    for (const offer of request.offers) this.#takeOffer(offer)
    for (const entry of entries) {
      this.problem = isPrepared(entry) ? this.#takeOperation(entry) : this.#takeVoids(entry)
      if (this.problem) return
    }
  }

  /** The strategies that stand recorded of those that the push named. */
  recordedAmong(named: Strategies): Strategies {
    const recorded = [...this.#loaded.space.strategies, ...this.newStrategies]
    return Object.fromEntries(
      recorded
        .filter(({ collection }) => Object.hasOwn(named, collection))
        .map((one) => [one.collection, one.strategy]),
    )
  }

  documentChanges(): DocumentChange[] {
    return [...this.#documents.values()].map((draft) => draft.change()).filter((change) => change !== undefined)
  }

  #document(key: { readonly collection: string; readonly document: string }): DocumentDraft {
    const name = documentKey(key)
    let draft = this.#documents.get(name)
    if (!draft) {
      const { collection, document } = key
      draft = new DocumentDraft({ collection, document }, this.#loaded.documents.get(name))
      this.#documents.set(name, draft)
    }
    return draft
  }

  #takeOffer(offer: Offer): void {
    const { collection, document, state } = offer
    const refuse = (reason: Reason): void => void this.refusedOffers.push({ collection, document, reason })
    const highest = state.writes.reduce((most, { time }) => Math.max(most, time), 0)
    if (this.#isAhead(highest)) {
      return refuse({ code: 'clock_ahead', message: 'The offered state holds a write of a time that is yet to come.' })
    }
    if (shownBytes(shown(state, document)) > this.#context.limits.documentBytes) return refuse(this.#tooLarge())
    if (state.version.length === 0 || !this.#document(offer).join(state, this.head + 1)) return
    this.#store(collection, highest)
  }

  #takeVoids({ replica, from, to }: Void): PushProblem | undefined {
    const draft = this.#replicas.get(replica) as ReplicaDraft
    const known = Math.min(to, draft.last.counter)
    if (known >= from) {
      const mark = { counter: known, check: checkAfterVoids(draft.reached.check, known - from + 1) }
      if (!draft.knows(mark)) return draft.fork()
      draft.confirm(mark)
      this.#repeats = true
    }
    for (let counter = Math.max(from, known + 1); counter <= to; counter++) {
      draft.take({ counter, check: checkAfterVoids(draft.reached.check, 1) })
    }
    return undefined
  }

  #takeOperation(prepared: PreparedOperation): PushProblem | undefined {
    const { operation } = prepared
    const { dot, collection, document } = operation
    const draft = this.#replicas.get(dot.replica) as ReplicaDraft
    const mark = { counter: dot.counter, check: checkAfter(draft.reached.check, operation) }
    if (dot.counter <= draft.last.counter) {
      if (!draft.knows(mark)) return draft.fork()
      draft.confirm(mark)
      this.#repeats = true
      return undefined
    }
    const target = this.#document(operation)
    // A state that was offered holds another operation of this name: applied, this one would vanish.
    if (covers(target.version, dot)) return draft.fork()
    const isReached = (seen: { readonly replica: ReplicaId; readonly counter: number }): boolean =>
      seen.counter <= this.#lastCounterOf(seen.replica) || covers(target.version, seen)
    if (!operation.base.every(isReached)) return { code: 'missing', dot, collection, document }
    if (this.#isAhead(operation.time)) return { code: 'clock_ahead', dot }
    const reason = this.#objectionTo(prepared, target)
    if (reason) return { code: 'operation_rejected', dot, reason }
    target.append(prepared, this.head + 1)
    draft.take(mark)
    this.#from ??= this.head
    this.#store(collection, operation.time)
    return undefined
  }

  #isAhead(time: number): boolean {
    const { nowMs, limits } = this.#context
    return time > timestampAt(nowMs + limits.clockAheadMs) && time > this.highestTime + CLOCK_TICKS_ABOVE
  }

  #lastCounterOf(replica: ReplicaId): number {
    return (this.#replicas.get(replica)?.last ?? lastOf(this.#loaded.replicas.get(replica))).counter
  }

  #objectionTo({ operation, bytes }: PreparedOperation, target: DocumentDraft): Reason | undefined {
    const { limits, validate } = this.#context
    if (operation.type !== 'create' && !target.exists) {
      return {
        code: 'document_not_found',
        message: `There is no document ${operation.document} in ${operation.collection}.`,
      }
    }
    if (bytes > limits.operationBytes) {
      return {
        code: 'operation_too_large',
        message: `An operation has at most ${limits.operationBytes} bytes, this one ${bytes}.`,
      }
    }
    if (!validate && target.mostBytes + bytes <= limits.documentBytes) return undefined
    const after = shown(apply(target.state, operation), operation.document)
    if (shownBytes(after) > limits.documentBytes) return this.#tooLarge()
    const reason = validate?.(operation, { before: shown(target.state, operation.document), after })
    return reason && { code: fit(reason.code, 128), message: fit(reason.message, 4096) }
  }

  #tooLarge(): Reason {
    return {
      code: 'document_too_large',
      message: `A document has at most ${this.#context.limits.documentBytes} bytes.`,
    }
  }

  /** One more change of the space. It records the collection's strategy, if the push names one and none was. */
  #store(collection: string, time: number): void {
    const seq = ++this.head
    this.highestTime = Math.max(this.highestTime, time)
    const strategy = Object.hasOwn(this.#named, collection) ? this.#named[collection] : undefined
    const isRecorded = [...this.#loaded.space.strategies, ...this.newStrategies].some(
      (one) => one.collection === collection,
    )
    if (strategy && !isRecorded) this.newStrategies.push({ collection, strategy, seq })
  }
}

const fit = (text: string, length: number): string => text.slice(0, length).toWellFormed()
