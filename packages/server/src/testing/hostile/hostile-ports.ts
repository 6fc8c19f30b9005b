/** What the process under attack and the one that attacks it tell each other. */

/** Servers that take next to nothing of one thing, beside the one that takes as much of everything as is usual. */
export const CROWDED = {
  sockets: 2,
  socketsPerAddress: 2,
  unknownPerAddress: 2,
  socketsPerPrincipal: 2,
  hellosPerSecond: 2,
  subscriptions: 2,
  requests: 2,
  messagesPerSecond: 2,
  bytesPerSecond: 1000,
} as const

/** `hasty` is the same server as `main`, on a port where it gives up on slow connections soon. */
export type PortName = 'main' | 'hasty' | keyof typeof CROWDED

export type Ports = Readonly<Record<PortName, number>>

export interface ServerState {
  /** Lines of the log that tell of the server's own failure. */
  readonly failures: readonly string[]
  /** The memory that the process has, now and at most so far. */
  readonly bytes: number
  readonly mostBytes: number
  /** Whether something that was sent has reached the prototype of all objects. */
  readonly isPolluted: boolean
}
