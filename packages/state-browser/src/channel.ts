/** What openings of one space say to each other, in all tabs. */
type Message = { readonly kind: 'committed' } | { readonly kind: 'ask' } | { readonly kind: 'answer' }

export interface ChannelEvents {
  /** Another opening has committed; or may have, while this tab slept. */
  readonly committed: () => void
  /** Whether to answer who asks for the opening that leads. */
  readonly leads: () => boolean
}

/** One opening's place on the channel of its space. */
export class Channel {
  readonly #channel: BroadcastChannel
  readonly #events: ChannelEvents
  readonly #answered: Set<() => void> = new Set()

  constructor(name: string, events: ChannelEvents) {
    this.#channel = new BroadcastChannel(name)
    this.#events = events
    this.#channel.addEventListener('message', ({ data }: MessageEvent<Message>) => this.#received(data))
    globalThis.addEventListener('pageshow', this.#woke)
    globalThis.document?.addEventListener('resume', this.#woke)
  }

  tellCommitted(): void {
    this.#say({ kind: 'committed' })
  }

  /** Whether the opening that leads answers in time. A tab that is frozen does not. */
  async isLeaderAwake(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isAwake: boolean): void => {
        clearTimeout(timer)
        this.#answered.delete(answered)
        resolve(isAwake)
      }
      const answered = (): void => end(true)
      const timer = setTimeout(end, ms, false)
      this.#answered.add(answered)
      this.#say({ kind: 'ask' })
    })
  }

  close(): void {
    this.#channel.close()
    globalThis.removeEventListener('pageshow', this.#woke)
    globalThis.document?.removeEventListener('resume', this.#woke)
  }

  readonly #woke = (): void => this.#events.committed()

  #say(message: Message): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none: it is of one origin
    this.#channel.postMessage(message)
  }

  #received({ kind }: Message): void {
    if (kind === 'committed') this.#events.committed()
    else if (kind === 'answer') for (const answered of this.#answered) answered()
    else if (this.#events.leads()) this.#say({ kind: 'answer' })
  }
}
