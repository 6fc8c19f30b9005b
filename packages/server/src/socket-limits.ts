/** What sockets may take up, each with its own refusal. They are the server's own: a client learns of them by it. */
export interface SocketLimits {
  /** All that are open: bounds the memory of the process. */
  readonly sockets: number
  /** Of one principal. On a server without authentication everybody is the same one. */
  readonly socketsPerPrincipal: number
  /** From one address; many people may share one. */
  readonly socketsPerAddress: number
  /** From one address, those that have not said yet who they are. */
  readonly unknownPerAddress: number
  /** Subscriptions on one socket. */
  readonly subscriptions: number
  /** Requests on one socket that are not answered yet. */
  readonly requests: number
  /** Messages on one socket; ten times as many may come at once. */
  readonly messagesPerSecond: number
  /** Bytes on one socket; ten times as many, and always one message, may come at once. */
  readonly bytesPerSecond: number
  /** How many may say who they are, over all sockets: after a start all come back at once. */
  readonly hellosPerSecond: number
}

export const SOCKET_LIMITS: SocketLimits = {
  sockets: 20_000,
  socketsPerPrincipal: 100,
  socketsPerAddress: 1000,
  unknownPerAddress: 100,
  subscriptions: 100,
  requests: 32,
  messagesPerSecond: 200,
  bytesPerSecond: 8 * 1024 * 1024,
  hellosPerSecond: 500,
}

/** How many seconds' worth may come at once. */
export const BURST_SECONDS = 10
