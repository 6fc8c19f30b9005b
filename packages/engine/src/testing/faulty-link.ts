import {
  type Page,
  type PullRequest,
  type PushRequest,
  type Receipt,
  type RequestOptions,
  type ServerVersion,
  SyncError,
  type Transport,
} from '@whisker/protocol'

/** A real transport on which things go wrong when they are told to. */
export class FaultyLink implements Transport {
  isDown = false
  /** How many answers to pushes get lost after the server took them. */
  losesReplies = 0
  /** Each request asks it first: what it returns is thrown in its place. */
  refuse: (kind: 'push' | 'pull', push?: PushRequest) => SyncError | undefined = () => undefined
  /** Awaited before a request goes out. */
  before: (kind: 'push' | 'pull', push?: PushRequest) => void | Promise<void> = () => {}
  /** Awaited after the server answered, before the answer is handed on. */
  after: (kind: 'push' | 'pull') => void | Promise<void> = () => {}
  /** What becomes of a page on the way. */
  alterPage: (page: Page) => Page = (page) => page
  readonly pushes: PushRequest[] = []
  readonly pages: Page[] = []
  readonly #inner: Transport

  constructor(inner: Transport) {
    this.#inner = inner
  }

  version(space: string, options?: RequestOptions): Promise<ServerVersion> {
    return this.#inner.version(space, options)
  }

  async pull(request: PullRequest, options?: RequestOptions): Promise<Page> {
    await this.#gate('pull', options)
    const page = this.alterPage(await this.#inner.pull(request, options))
    this.pages.push(page)
    await this.after('pull')
    return page
  }

  async push(request: PushRequest, options?: RequestOptions): Promise<Receipt> {
    await this.#gate('push', options, request)
    this.pushes.push(request)
    const receipt = await this.#inner.push(request, options)
    await this.after('push')
    if (this.losesReplies <= 0) return receipt
    this.losesReplies--
    throw new SyncError('network', 'The answer got lost.')
  }

  async #gate(kind: 'push' | 'pull', options: RequestOptions | undefined, push?: PushRequest): Promise<void> {
    await Promise.race([this.before(kind, push), aborted(options?.signal)])
    if (options?.signal?.aborted) throw new SyncError('aborted', 'The request was aborted.')
    if (this.isDown) throw new SyncError('network', 'There is no connection.')
    const refusal = this.refuse(kind, push)
    if (refusal) throw refusal
  }

  async isAvailable(): Promise<boolean> {
    return !this.isDown
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }
}

/** Settles when the signal aborts; never without one. */
async function aborted(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal?.aborted) resolve()
    signal?.addEventListener('abort', () => resolve(), { once: true })
  })
}
