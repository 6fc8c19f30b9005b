import type { SubscriptionSink } from '@whisker/server'
import { type Answer, isTelling } from './answer.ts'
import type { Ban, Rights, Said } from './rights.ts'

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
    const ban = this.#firmBan(said, principal)
    return (answer) => {
      if (!ban || !isTelling(answer) || rights.banFrom(said, principal) !== ban) return
      onBreach(`the ${said} of ${principal}, who may not, was answered with ${answer.status}`)
    }
  }

  /** What is sent through it is looked at. */
  watched(principal: string, sink: SubscriptionSink): SubscriptionSink {
    return {
      get bufferedBytes() {
        return sink.bufferedBytes
      },
      send: (text) => {
        this.shown(principal, text)
        sink.send(text)
      },
      end: (refusal) => sink.end(refusal),
    }
  }

  /** Somebody is sent a frame. */
  shown(principal: string, frame: string): void {
    if (!this.#firmBan('subscribe', principal)) return
    this.#options.onBreach(`${principal}, who may not read, was sent ${frame.slice(0, 100)}`)
  }

  #firmBan(said: Said, principal: string): Ban | undefined {
    const { rights, nowMs } = this.#options
    const ban = rights.banFrom(said, principal)
    return ban && nowMs() >= ban.firmMs ? ban : undefined
  }
}
