import {
  type Page,
  type PullRequest,
  type PushRequest,
  type Receipt,
  type RequestOptions,
  type ServerVersion,
  SyncError,
  type Transport,
  decodePage,
  decodeReceipt,
  decodeRefusal,
  decodeServerVersion,
  encodePull,
  encodePush,
  parseJson,
} from '@whisker/protocol'
import type { PullParameters } from '@whisker/server'
import { refusalToError } from '@whisker/protocol/transport'
import type { SeededRandom } from '../random.ts'
import type { Answer } from './answer.ts'
import { Arrivals } from './arrivals.ts'
import { damaged } from './damaged.ts'
import type { Faults } from './faults.ts'
import type { Host, RequestKind } from './host.ts'
import type { Process } from './process.ts'

/** How long a client waits for an answer. */
const TIMEOUT_MS = 30_000

/** What lies between a device and the server, for all processes of the device. */
export interface Way {
  /** Nothing gets through, and the device knows. */
  isCut: boolean
  /** What goes up, or comes down, gets lost silently. */
  losesUp: boolean
  losesDown: boolean
}

export interface LinkOptions {
  readonly process: Process
  readonly principal: string
  readonly way: Way
  readonly host: Host
  readonly faults: Faults
  readonly random: SeededRandom
  /** Told of each request that goes out, and of each answer that was read. */
  readonly onRequest: (kind: RequestKind) => void
  readonly onReceipt: (request: PushRequest, receipt: Receipt) => void
  /** Told of each refusal that was read. */
  readonly onRefusal: (code: string) => void
}

/** The way to the server in requests and answers, as over HTTP. */
export class Link implements Transport {
  protected readonly options: LinkOptions
  #lastPage: Answer | undefined
  /** What it last talked to. */
  #met: Process | undefined
  readonly #answers = new Arrivals()
  #closed: SyncError | undefined

  constructor(options: LinkOptions) {
    this.options = options
  }

  async version(_space: string, options?: RequestOptions): Promise<ServerVersion> {
    return this.#request({ kind: 'version', body: {} }, decodeServerVersion, options)
  }

  async pull(request: PullRequest, options?: RequestOptions): Promise<Page> {
    return this.#request({ kind: 'pull', body: encodePull(request) }, decodePage, options)
  }

  async push(request: PushRequest, options?: RequestOptions): Promise<Receipt> {
    const receipt = await this.#request({ kind: 'push', body: encodePush(request) }, decodeReceipt, options)
    this.options.onReceipt(request, receipt)
    return receipt
  }

  async isAvailable(): Promise<boolean> {
    return this.options.host.isUp && !this.options.way.isCut
  }

  async close(): Promise<void> {
    this.#closed = new SyncError('closed', 'The transport is closed.')
  }

  protected get isClosed(): boolean {
    return this.#closed !== undefined
  }

  async #request<T>(
    request: LinkRequest,
    decode: (message: unknown) => T,
    { signal, meter }: RequestOptions = {},
  ): Promise<T> {
    if (this.#closed) throw this.#closed
    const { process, onRequest, onRefusal } = this.options
    onRequest(request.kind)
    const { status, message, bytes } = await new Promise<Reply>((resolve, reject) => {
      let isOver = false
      const end = (settle: () => void): void => {
        if (isOver) return
        isOver = true
        stopClock()
        signal?.removeEventListener('abort', onAbort)
        settle()
      }
      const giveUp = (error: SyncError): void =>
        end(() => {
          reject(error)
          givenUp?.(error)
        })
      const onAbort = (): void => giveUp(new SyncError('aborted', 'The request was aborted.'))
      const stopClock = process.after(TIMEOUT_MS, () =>
        giveUp(new SyncError('timeout', 'There was no answer in time.')),
      )
      if (signal?.aborted) return onAbort()
      signal?.addEventListener('abort', onAbort)
      const givenUp = this.sendUp(request, {
        sent: (count) => meter?.('sent', count),
        answered: (reply) => end(() => resolve(reply)),
        broken: (error = noConnection()) => end(() => reject(error)),
      })
    })
    meter?.('received', bytes)
    if (status === 200) return decoded(message, decode)
    const refusal = decodeRefusal(message)
    onRefusal(refusal.code)
    throw refusalToError(refusal, status)
  }

  /** Sends a request, each over a connection of its own; returns what is to be told when nobody waits for it any more. */
  protected sendUp({ kind, body }: LinkRequest, back: Back): GivenUp | undefined {
    const { process, way, faults, host, principal } = this.options
    const text = JSON.stringify(body)
    back.sent(text.length)
    if (way.isCut) faults.took('partition')
    const connection = way.isCut ? undefined : host.connect(principal)
    if (!connection) {
      if (!way.isCut && this.#met) host.noticeEnd()
      process.after(this.latencyMs(), () => back.broken())
      return undefined
    }
    this.meets(connection.process)
    const arrive = (message: string): void => {
      if (!connection.process.isAlive || host.process !== connection.process) {
        process.after(this.latencyMs(), () => back.broken())
        return
      }
      connection.process.run(() => connection.receive(kind, message, (answer) => this.#sendDown(kind, answer, back)))
    }
    if (way.losesUp) {
      faults.took('partition_up')
      return undefined
    }
    if (faults.strikes('drop')) {
      faults.took('drop')
      // Half of what gets lost is noticed: the connection breaks.
      if (faults.dice('drop').chance(0.5)) process.after(this.latencyMs(), () => back.broken())
      return undefined
    }
    const message = damaged(text, faults)
    const trip = this.#trip(host.arrivals)
    connection.process.after(trip.delayMs, () => {
      this.#ends(trip)
      arrive(message)
    })
    if (!faults.strikes('duplicate')) return undefined
    connection.process.after(this.latencyMs() + faults.dice('duplicate').below(20_000), () => {
      if (!connection.process.isAlive) return
      faults.took('duplicate')
      connection.receive(kind, text, () => {})
    })
    return undefined
  }

  /** Whoever talks to another process of the server than before finds that one gone. */
  protected meets(process: Process): void {
    if (this.#met && this.#met !== process) this.options.host.noticeEnd()
    this.#met = process
  }

  #sendDown(kind: RequestKind, answer: Answer, back: Back): void {
    const { process, way, faults } = this.options
    if (way.isCut || way.losesDown) {
      if (way.losesDown) faults.took('partition_down')
      return
    }
    if (kind === 'push' && faults.strikes('reply_lost')) {
      if (answer.status === 200) faults.took('reply_lost')
      if (faults.dice('reply_lost').chance(0.5)) process.after(this.latencyMs(), () => back.broken())
      return
    }
    const trip = this.#trip(this.#answers)
    process.after(trip.delayMs, () => {
      this.#ends(trip)
      answerWith(this.#throughCache(kind, answer), back)
    })
  }

  /** Something on the way keeps answers, though it was told not to. */
  #throughCache(kind: RequestKind, answer: Answer): Answer {
    const { faults } = this.options
    const kept = this.#lastPage
    if (kind === 'pull' && answer.status === 200) this.#lastPage = answer
    if (kind === 'pull' && kept && kept.text !== answer.text && faults.strikes('stale_reply')) {
      faults.took('stale_reply')
      return kept
    }
    return { status: answer.status, text: damaged(answer.text, faults) }
  }

  #trip(arrivals: Arrivals): Trip {
    const { faults } = this.options
    const number = arrivals.send()
    if (faults.strikes('delay'))
      return { arrivals, number, fault: 'delay', delayMs: faults.dice('delay').below(90_000) }
    if (faults.strikes('reorder'))
      return { arrivals, number, fault: 'reorder', delayMs: faults.dice('reorder').below(3000) }
    return { arrivals, number, fault: undefined, delayMs: this.latencyMs() }
  }

  /** It counts that a message was long under way if another has passed it, or nobody waits for the answer any more. */
  #ends({ arrivals, number, fault, delayMs }: Trip): void {
    const isLate = arrivals.isOvertaken(number) || delayMs > TIMEOUT_MS
    if (fault && isLate) this.options.faults.took(fault)
  }

  protected latencyMs(): number {
    return this.options.random.between(2, 60)
  }
}

/** A message on its way. */
interface Trip {
  readonly arrivals: Arrivals
  readonly number: number
  readonly fault: 'delay' | 'reorder' | undefined
  readonly delayMs: number
}

/** What a client asks for, as a message. */
export type LinkRequest =
  | { readonly kind: 'version'; readonly body: object }
  | { readonly kind: 'pull'; readonly body: PullParameters }
  | { readonly kind: 'push'; readonly body: unknown }

/** An answer that has arrived. */
export interface Reply {
  readonly status: number
  readonly message: unknown
  readonly bytes: number
}

/** What becomes of a request. */
export interface Back {
  readonly sent: (bytes: number) => void
  readonly answered: (reply: Reply) => void
  /** No answer comes: there is no connection, unless it says something else. */
  readonly broken: (error?: SyncError) => void
}

/** Nobody waits for an answer any more. */
export type GivenUp = (error: SyncError) => void

function answerWith({ status, text }: Answer, back: Back): void {
  let message: unknown
  try {
    message = parseJson(text)
  } catch (cause) {
    return back.broken(new SyncError('bad_message', 'The answer is no JSON.', { cause }))
  }
  back.answered({ status, message, bytes: text.length })
}

function decoded<T>(message: unknown, decode: (message: unknown) => T): T {
  try {
    return decode(message)
  } catch (cause) {
    throw new SyncError('bad_message', 'The answer is not what was asked for.', { cause })
  }
}

const noConnection = (): SyncError => new SyncError('network', 'There is no connection to the server.')
