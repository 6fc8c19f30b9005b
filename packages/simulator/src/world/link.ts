import {
  type Page,
  type PullRequest,
  type PushRequest,
  type Receipt,
  type RequestOptions,
  type ServerVersion,
  SyncError,
  type SyncErrorCode,
  type Transport,
  REFUSAL_CODES,
  decodePage,
  decodeReceipt,
  decodeRefusal,
  decodeServerVersion,
  encodePull,
  encodePush,
  parseJson,
} from '@whisker/protocol'
import type { SeededRandom } from '../random.ts'
import type { Answer } from './answer.ts'
import { Arrivals } from './arrivals.ts'
import type { Faults } from './faults.ts'
import type { Host, HostConnection, RequestKind } from './host.ts'
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
    return this.#request('version', '{}', decodeServerVersion, options)
  }

  async pull(request: PullRequest, options?: RequestOptions): Promise<Page> {
    return this.#request('pull', JSON.stringify(encodePull(request)), decodePage, options)
  }

  async push(request: PushRequest, options?: RequestOptions): Promise<Receipt> {
    const receipt = await this.#request('push', JSON.stringify(encodePush(request)), decodeReceipt, options)
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

  /** The connection that the next request goes over. */
  protected connection(): HostConnection | undefined {
    return this.options.host.connect(this.options.principal)
  }

  async #request<T>(
    kind: RequestKind,
    text: string,
    decode: (message: unknown) => T,
    { signal, meter }: RequestOptions = {},
  ): Promise<T> {
    if (this.#closed) throw this.#closed
    const { process, onRequest } = this.options
    onRequest(kind)
    meter?.('sent', text.length)
    const answer = await new Promise<Answer>((resolve, reject) => {
      let isOver = false
      const end = (settle: () => void): void => {
        if (isOver) return
        isOver = true
        stopClock()
        signal?.removeEventListener('abort', onAbort)
        settle()
      }
      const onAbort = (): void => end(() => reject(new SyncError('aborted', 'The request was aborted.')))
      const stopClock = process.after(TIMEOUT_MS, () =>
        end(() => reject(new SyncError('timeout', 'There was no answer in time.'))),
      )
      if (signal?.aborted) return onAbort()
      signal?.addEventListener('abort', onAbort)
      this.#sendUp(kind, text, {
        answered: (given) => end(() => resolve(given)),
        broken: () => end(() => reject(noConnection())),
      })
    })
    meter?.('received', answer.text.length)
    return read(answer, decode, this.options.onRefusal)
  }

  #sendUp(kind: RequestKind, text: string, back: Back): void {
    const { process, way, faults, host } = this.options
    if (way.isCut) faults.took('partition')
    const connection = way.isCut ? undefined : this.connection()
    if (!connection) {
      if (!way.isCut && this.#met) host.noticeEnd()
      process.after(this.latencyMs(), back.broken)
      return
    }
    if (this.#met && this.#met !== connection.process) host.noticeEnd()
    this.#met = connection.process
    const arrive = (message: string): void => {
      if (!connection.process.isAlive || host.process !== connection.process) {
        process.after(this.latencyMs(), back.broken)
        return
      }
      connection.process.run(() => connection.receive(kind, message, (answer) => this.#sendDown(kind, answer, back)))
    }
    if (way.losesUp) return faults.took('partition_up')
    if (faults.strikes('drop')) {
      faults.took('drop')
      // Half of what gets lost is noticed: the connection breaks.
      if (faults.dice('drop').chance(0.5)) process.after(this.latencyMs(), back.broken)
      return
    }
    const message = this.#damaged(text)
    const trip = this.#trip(host.arrivals)
    connection.process.after(trip.delayMs, () => {
      this.#ends(trip)
      arrive(message)
    })
    if (!faults.strikes('duplicate')) return
    connection.process.after(this.latencyMs() + faults.dice('duplicate').below(20_000), () => {
      if (!connection.process.isAlive) return
      faults.took('duplicate')
      connection.receive(kind, text, () => {})
    })
  }

  #sendDown(kind: RequestKind, answer: Answer, back: Back): void {
    const { process, way, faults } = this.options
    if (way.isCut || way.losesDown) {
      if (way.losesDown) faults.took('partition_down')
      return
    }
    if (kind === 'push' && faults.strikes('reply_lost')) {
      if (answer.status === 200) faults.took('reply_lost')
      if (faults.dice('reply_lost').chance(0.5)) process.after(this.latencyMs(), back.broken)
      return
    }
    const trip = this.#trip(this.#answers)
    process.after(trip.delayMs, () => {
      this.#ends(trip)
      back.answered(this.#throughCache(kind, answer))
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
    return { status: answer.status, text: this.#damaged(answer.text) }
  }

  /** What arrives of a text; what is not whole is not JSON any more, or the channel would have noticed. */
  #damaged(text: string): string {
    const { faults } = this.options
    if (faults.strikes('truncate')) {
      faults.took('truncate')
      return text.slice(0, faults.dice('truncate').below(text.length))
    }
    if (faults.strikes('corrupt')) {
      faults.took('corrupt')
      const at = faults.dice('corrupt').below(text.length)
      return `${text.slice(0, at)}\u0000#${text.slice(at + 2)}`
    }
    return text
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

interface Back {
  readonly answered: (answer: Answer) => void
  readonly broken: () => void
}

const KNOWN_CODES: ReadonlySet<string> = new Set(REFUSAL_CODES)

function read<T>({ status, text }: Answer, decode: (message: unknown) => T, onRefusal: (code: string) => void): T {
  const message = parse(text)
  if (status === 200) {
    try {
      return decode(message)
    } catch (cause) {
      throw new SyncError('bad_message', 'The answer is not what was asked for.', { cause })
    }
  }
  const refusal = decodeRefusal(message)
  onRefusal(refusal.code)
  const code = KNOWN_CODES.has(refusal.code) ? (refusal.code as SyncErrorCode) : 'server_error'
  throw new SyncError(code, refusal.message, { fix: refusal.fix, details: { refusal, status } })
}

function parse(text: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw new SyncError('bad_message', 'The answer is no JSON.', { cause })
  }
}

const noConnection = (): SyncError => new SyncError('network', 'There is no connection to the server.')
