/** Whoever makes a request. Replica ids are bound to the principal that first used them. */
export interface Principal {
  readonly id: string
  /**
   * When it ceases to be known, in milliseconds since 1970: a socket is asked for another token a minute before, and
   * closed then if none came. A request over HTTP shows its token each time.
   */
  readonly expiresAt?: number | undefined
}
