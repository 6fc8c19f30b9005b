import type { Refusal } from '@whisker/protocol'

/**
 * What one client does, whatever it speaks through. Whoever asks for one has found out who the principal is, and has
 * bounded what arrives: its bytes, and its depth as `parseJson` does. No promise of it ever rejects.
 */
export interface ServerSession {
  version(space: string): Promise<SessionAnswer>
  /** Takes what `encodePull` gives. A pull waits until the session's subscriptions to the space have begun. */
  pull(space: string, parameters: PullParameters, signal?: AbortSignal): Promise<SessionAnswer>
  /** Takes what `encodePush` gives, parsed. */
  push(space: string, message: unknown): Promise<SessionAnswer>
  /**
   * Tells of every change from now on: subscribe first, then pull. A receipt is given before the frame that follows
   * its push, so send what comes in the order of its coming.
   */
  subscribe(space: string, parameters: PullParameters, sink: SubscriptionSink): ServerSubscription
}

export type PullParameters = Readonly<Record<string, string>>

/** An answer as it would be sent over HTTP. */
export interface SessionAnswer {
  readonly status: number
  /** JSON: the message, or a refusal. */
  readonly text: string
}

/** Where what a subscriber is told goes: a socket, mostly. What throws is taken for one that is gone. */
export interface SubscriptionSink {
  /** What was sent here and has not left yet, whoever sent it. */
  readonly bufferedBytes: number
  /**
   * A frame or a hint, as `decodeFrame` reads it; and the same in UTF-8, made once for all who are sent it: nobody may
   * change these bytes.
   */
  send(text: string, utf8?: Uint8Array): void
  /** The subscription is over, and why. */
  end(refusal: Refusal): void
}

export interface ServerSubscription {
  /** Resolves once every later change will be told of, or the subscription is over: who pulls after that misses nothing. */
  readonly began: Promise<void>
  close(): void
}
