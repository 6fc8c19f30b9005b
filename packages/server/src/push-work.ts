import {
  type Digest,
  type DocumentChange,
  type Limits,
  type Offer,
  type PushProblem,
  type Reason,
  type RecordedStrategy,
  type RefusedOffer,
  type ReplicaId,
  type Strategies,
  type Usage,
  type Void,
  apply,
  changeDigest,
  checkAfter,
  checkAfterVoids,
  covers,
  timestampAt,
} from '@whisker/protocol'
import { DocumentDraft, type PreparedOperation, shown, shownBytes } from './document-draft.ts'
import type { LoadedPush } from './load-push.ts'
import { type PreparedPush, documentKey, isPrepared } from './prepare-push.ts'
import { rowHash } from './recount.ts'
import { type ReplicaDraft, lastOf } from './replica-draft.ts'
import type { Principal } from './principal.ts'
import type { Validate } from './server-options.ts'
import { SpaceQuota } from './space-quota.ts'

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
  readonly #quota: SpaceQuota
  #named: Strategies = {}
  #repeats = false
  #from: number | undefined
  head: number
  highestTime: number
  problem: PushProblem | undefined
  /** Why the offers do not fit: then nothing of the push is to be taken. */
  offersObjection: string | undefined
  readonly refusedOffers: RefusedOffer[] = []
  readonly newStrategies: RecordedStrategy[] = []

  constructor(loaded: LoadedPush, context: PushContext, replicas: ReadonlyMap<ReplicaId, ReplicaDraft>) {
    this.#loaded = loaded
    this.#context = context
    this.#replicas = replicas
    this.#quota = new SpaceQuota(loaded.space.usage, context.limits)
    this.head = loaded.space.head
    this.highestTime = loaded.space.highestTime
  }

  /** The head before the first operation that is new; a push that repeats anything moves no cursor. */
  get from(): number | undefined {
    return this.#repeats ? undefined : this.#from
  }

  run({ request, entries }: PreparedPush): void {
    this.#named = request.strategies
    for (const offer of request.offers) {
      this.offersObjection = this.#takeOffer(offer)
      if (this.offersObjection !== undefined) return
    }
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

  /** What is to be stored of the documents, and what the space takes up and amounts to with it. */
  finish(): { readonly documents: readonly DocumentChange[]; readonly usage: Usage; readonly digest: Digest } {
    const documents: DocumentChange[] = []
    let { digest } = this.#loaded.space
    for (const draft of this.#documents.values()) {
      const before = draft.usage
      const change = draft.change()
      this.#quota.change(before, draft.usage)
      if (!change) continue
      documents.push(change)
      digest = changeDigest(digest, rowHash(draft.stored), rowHash(change.row))
    }
    return { documents, usage: this.#quota.usage, digest }
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

  /** Tells why it does not fit into the space. */
  #takeOffer(offer: Offer): string | undefined {
    const { collection, document, state } = offer
    const refuse = (reason: Reason): undefined => void this.refusedOffers.push({ collection, document, reason })
    const highest = state.writes.reduce((most, { time }) => Math.max(most, time), 0)
    if (this.#isAhead(highest)) {
      return refuse({ code: 'clock_ahead', message: 'The offered state holds a write of a time that is yet to come.' })
    }
    if (shownBytes(shown(state, document)) > this.#context.limits.documentBytes) return refuse(this.#tooLarge())
    const target = this.#document(offer)
    const before = target.usage
    if (state.version.length === 0 || !target.join(state, this.head + 1, this.#context.nowMs)) return undefined
    const objection = this.#quota.objectionTo({
      documents: target.usage.documents - before.documents,
      bytes: target.usage.bytes - before.bytes,
    })
    this.#store(target, before, highest)
    return objection
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
      this.#loaded.replicas.get(seen.replica)?.isRetired === true ||
      seen.counter <= this.#lastCounterOf(seen.replica) ||
      covers(target.version, seen)
    if (!operation.base.every(isReached)) return { code: 'missing', dot, collection, document }
    if (this.#isAhead(operation.time)) return { code: 'clock_ahead', dot }
    const reason = this.#objectionTo(prepared, target)
    if (reason) return { code: 'operation_rejected', dot, reason }
    const before = target.usage
    // A delete is taken into a full space too: it is how room is made.
    const added = { documents: 1 - before.documents, bytes: prepared.bytes }
    const objection = operation.type === 'delete' ? undefined : this.#quota.objectionTo(added)
    if (objection !== undefined) return { code: 'space_full', dot, message: objection }
    target.append(prepared, this.head + 1, this.#context.nowMs)
    draft.take(mark)
    this.#from ??= this.head
    this.#store(target, before, operation.time)
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
    if (!validate && target.usage.bytes + bytes <= limits.documentBytes) return undefined
    const after = shown(apply(target.state, operation), operation.document)
    if (shownBytes(after) > limits.documentBytes) return this.#tooLarge()
    const reason = validate?.(operation, { before: shown(target.state, operation.document), after })
    return reason && checkedReason(reason)
  }

  #tooLarge(): Reason {
    return {
      code: 'document_too_large',
      message: `A document has at most ${this.#context.limits.documentBytes} bytes.`,
    }
  }

  /** One more change of the space. It records the collection's strategy, if the push names one and none was. */
  #store(target: DocumentDraft, before: Usage, time: number): void {
    const { collection } = target.key
    this.#quota.change(before, target.usage)
    const seq = ++this.head
    this.highestTime = Math.max(this.highestTime, time)
    const strategy = Object.hasOwn(this.#named, collection) ? this.#named[collection] : undefined
    const isRecorded = [...this.#loaded.space.strategies, ...this.newStrategies].some(
      (one) => one.collection === collection,
    )
    if (strategy && !isRecorded) this.newStrategies.push({ collection, strategy, seq })
  }
}

/** An app's code without types may return anything; what is no reason must not pass for one. */
function checkedReason(reason: Reason): Reason {
  const { code, message } = reason as { readonly [K in keyof Reason]: unknown }
  if (typeof code === 'string' && typeof message === 'string')
    return { code: fit(code, 128), message: fit(message, 4096) }
  throw new InvalidReason('validate returned something else than { code, message } or undefined.')
}

/** Its name is what the log shows of it. */
class InvalidReason extends TypeError {
  override readonly name = 'validate must return { code, message } or undefined'
}

const fit = (text: string, length: number): string => text.slice(0, length).toWellFormed()
