/** Time, passed in. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Runs `task` once after `delayMs`; returns what cancels it. */
  after(delayMs: number, task: () => void): () => void
}

/** Chance, passed in. */
export interface Random {
  bytes(count: number): Uint8Array
  /** In [0, 1). */
  fraction(): number
}
