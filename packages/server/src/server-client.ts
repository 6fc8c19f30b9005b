import type { ToServer } from '@whisker/protocol'
import type { RefusedRequest } from './refusal.ts'
import type { Principal } from './principal.ts'

/**
 * One client, in the messages that go over a socket. Whoever asks for one keeps the connection: bounds what arrives and
 * how many there are, and finds out when the other side is gone.
 */
export interface ServerClient {
  take(message: ToServer): void
  /** The connection is gone. */
  over(): void
}

/** What a client is told through, in the order of the calls. */
export interface ClientConnection {
  /** What was sent and has not left yet. */
  readonly bufferedBytes: number
  /** It is being closed: nothing is taken any more. */
  readonly isClosing: boolean
  /** Whose token it is. Throws if it is nobody's. */
  identify(token: string | undefined): Promise<Principal>
  send(text: string): void
  /** Sends what `encodeSocketFrame` makes of a frame in UTF-8. Nobody may change these bytes: others are sent them too. */
  sendFrame(number: number, frame: Uint8Array): void
  /** Resolves when less than a mebibyte waits for the reader, or there is none any more. */
  drained(): Promise<void>
  /** Nothing more need be read until `resume`. */
  pause(): void
  resume(): void
  /** Tells the client why, in a last message, and closes; `over` follows. What failed inside is for a log. */
  close(why: RefusedRequest, failure?: readonly string[]): void
  /** Closes at once. */
  terminate(): void
}
