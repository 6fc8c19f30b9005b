import {
  type CheckValue,
  type Cursor,
  type Device,
  EMPTY_VERSION,
  type EpochId,
  FIRST_CHECK,
  type FieldWrite,
  type JsonObject,
  LIMITS,
  NO_NAMES,
  type Offer,
  type Operation,
  type Page,
  type PullRequest,
  type PushEntry,
  type PushRequest,
  type Receipt,
  type Refusal,
  type ReplicaId,
  type Strategies,
  type VersionVector,
  type WriteName,
  checkAfter,
  checkAfterVoids,
  decodePage,
  decodeReceipt,
  decodeRefusal,
  encodePull,
  encodePush,
  isVoid,
  timestampAt,
} from '@whisker/protocol'
import { START_MS } from './manual-clock.ts'

export type Send = (request: Request) => Promise<Response>

/** A replica id that can be told from others in a failure. */
export const replicaNamed = (name: string): ReplicaId => name.padEnd(16, '_') as ReplicaId

export interface OperationParts {
  readonly collection?: string
  readonly base?: VersionVector
  readonly time?: number
  readonly drop?: readonly WriteName[]
}

/** One replica that pushes and pulls by hand: it keeps no documents and decides nothing. */
export class TestClient {
  readonly send: Send
  readonly space: string
  readonly headers: Record<string, string>
  replica: ReplicaId
  device: Device
  epoch: EpochId | undefined
  cursor: Cursor = { epoch: undefined, since: 0, after: 0 }
  seen = 0
  counter = 0
  time: number = timestampAt(START_MS)
  acknowledged = 0
  check: CheckValue = FIRST_CHECK
  outbox: PushEntry[] = []
  strategies: Strategies = {}

  constructor(send: Send, name: string, space: string = 'stories', headers: Record<string, string> = {}) {
    this.send = send
    this.space = space
    this.headers = headers
    this.replica = replicaNamed(name)
    this.device = { id: name.padEnd(22, '-') as Device['id'], name }
  }

  create(document: string, value: JsonObject, parts: OperationParts = {}): Operation {
    return this.#write('create', document, [{ root: 'content', path: [], value }], parts)
  }

  update(document: string, field: string, value: FieldWrite['value'], parts: OperationParts = {}): Operation {
    return this.#write('update', document, [{ root: 'content', path: [field], value }], parts)
  }

  /** Deletes what this replica wrote last, or what `base` says. */
  delete(document: string, parts: OperationParts = {}): Operation {
    const base = parts.base ?? [{ replica: this.replica, counter: this.counter }]
    return this.#write('delete', document, [{ root: 'content', path: [], value: undefined }], { ...parts, base })
  }

  /** Takes writes away without writing anything. */
  drop(document: string, drop: readonly WriteName[]): Operation {
    return this.#write('update', document, [], { drop })
  }

  #write(type: Operation['type'], document: string, delta: readonly FieldWrite[], parts: OperationParts): Operation {
    const operation: Operation = {
      type,
      collection: parts.collection ?? 'chapters',
      document,
      dot: { replica: this.replica, counter: ++this.counter },
      time: parts.time ?? ++this.time,
      base: parts.base ?? EMPTY_VERSION,
      delta,
      keep: NO_NAMES,
      drop: parts.drop ?? NO_NAMES,
    }
    this.outbox.push(operation)
    return operation
  }

  voids(count: number): void {
    this.outbox.push({ replica: this.replica, from: this.counter + 1, to: this.counter + count })
    this.counter += count
  }

  /** First contact: learns the epoch, without which nothing is taken. */
  async meet(): Promise<this> {
    await this.pull()
    this.epoch = this.cursor.epoch
    return this
  }

  pushRequest(changes: Partial<PushRequest> = {}): PushRequest {
    return {
      space: this.space,
      cursor: this.cursor,
      seen: this.seen,
      device: this.device,
      replicas: [
        {
          replica: this.replica,
          epoch: this.epoch,
          previous: { counter: this.acknowledged, check: this.check },
        },
      ],
      offers: [],
      entries: this.outbox,
      strategies: this.strategies,
      ...changes,
    }
  }

  /** Sends the outbox as it is, and forgets nothing of it. */
  async pushRaw(changes: Partial<PushRequest> = {}): Promise<Response> {
    return this.send(
      new Request(this.#url(), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...this.headers },
        body: JSON.stringify(encodePush(this.pushRequest(changes))),
      }),
    )
  }

  /** Pushes the outbox and drops from it what was acknowledged. The cursor stays where it is. */
  async push(offers: readonly Offer[] = []): Promise<Receipt> {
    const receipt = await receiptOf(await this.pushRaw({ offers }))
    const counter = receipt.acknowledged.find(({ replica }) => replica === this.replica)?.counter ?? 0
    for (const entry of this.outbox.filter((one) => lastCounterOf(one) <= counter)) {
      this.check = isVoid(entry)
        ? checkAfterVoids(this.check, entry.to - entry.from + 1)
        : checkAfter(this.check, entry)
      this.acknowledged = lastCounterOf(entry)
    }
    this.outbox = this.outbox.filter((one) => lastCounterOf(one) > counter)
    return receipt
  }

  pullRequest(changes: Partial<PullRequest> = {}): PullRequest {
    return {
      space: this.space,
      cursor: this.cursor,
      seen: this.seen,
      device: this.device,
      acknowledged: [{ replica: this.replica, counter: this.acknowledged }],
      limit: LIMITS.pageRows,
      waitMs: 0,
      ...changes,
    }
  }

  async pullRaw(changes: Partial<PullRequest> = {}, signal?: AbortSignal): Promise<Response> {
    const query = new URLSearchParams(encodePull(this.pullRequest(changes)))
    return this.send(
      new Request(`${this.#url()}?${query.toString()}`, { headers: this.headers, ...(signal && { signal }) }),
    )
  }

  /** Pulls one page and moves the cursor by it. */
  async pull(changes: Partial<PullRequest> = {}): Promise<Page> {
    const named = this.pullRequest(changes).cursor.epoch
    const page = await pageOf(await this.pullRaw(changes))
    this.cursor = { epoch: page.epochs.at(-1)?.id ?? named, since: page.since, after: page.after }
    this.seen = Math.max(this.seen, page.after)
    return page
  }

  #url(): string {
    return `http://localhost/v1/spaces/${this.space}/operations`
  }
}

const lastCounterOf = (entry: PushEntry): number => (isVoid(entry) ? entry.to : entry.dot.counter)

export const receiptOf = async (response: Response): Promise<Receipt> => decodeReceipt(await answerOf(response, 200))
export const pageOf = async (response: Response): Promise<Page> => decodePage(await answerOf(response, 200))

export async function refusalOf(response: Response, status: number): Promise<Refusal> {
  return decodeRefusal(await answerOf(response, status))
}

async function answerOf(response: Response, status: number): Promise<unknown> {
  const text = await response.text()
  if (response.status !== status) throw new Error(`Expected status ${status}, got ${response.status}: ${text}`)
  return JSON.parse(text)
}
