import type { SubscriptionSink } from '@whisker/server'
import { type Answer, isTelling } from './answer.ts'
import type { Rights, Said } from './rights.ts'

/** How long a frame may have been under way within the server. */
const LONGEST_READ_MS = 10_000

export interface GuardOptions {
  readonly rights: Rights
  readonly nowMs: () => number
  /** Told of what somebody got who may not. */
  readonly onBreach: (what: string) => void
}

/** Watches that the server gives nobody what they may not have. */
export class Guard {
  readonly #options: GuardOptions

  constructor(options: GuardOptions) {
    this.#options = options
  }

  /** Somebody asks; returns what looks at the answer. A right that was taken only after they asked is no reason to refuse. */
  asked(said: Said, principal: string): (answer: Answer) => void {
    const { rights, onBreach } = this.#options
    const ban = rights.banFrom(said, principal)
    return (answer) => {
      if (!ban || !isTelling(answer) || rights.banFrom(said, principal) !== ban) return
      onBreach(`the ${said} of ${principal}, who may not, was answered with ${answer.status}`)
    }
  }

  /** What is sent through it is looked at. A frame that was being read when the right was taken may still go out. */
  watched(principal: string, sink: SubscriptionSink): SubscriptionSink {
    const { rights, nowMs, onBreach } = this.#options
    return {
      get bufferedBytes() {
        return sink.bufferedBytes
      },
      send(text) {
        const ban = rights.banFrom('subscribe', principal)
        if (ban && nowMs() - ban.sinceMs > LONGEST_READ_MS)
          onBreach(`${principal}, who may not read, was sent ${text.slice(0, 100)}`)
        sink.send(text)
      },
      end: (refusal) => sink.end(refusal),
    }
  }
}
