/** Every bound of the protocol, each with its reason. A server may set its own; these are the defaults. */
export interface Limits {
  /** A document as the app sees it, in bytes of JSON: it travels and is stored whole at times. */
  readonly documentBytes: number
  /** One operation, in bytes of its encoding. */
  readonly operationBytes: number
  /** Operations and offers in one push: bounds the work of one transaction. */
  readonly batchOperations: number
  /** Counters that the voids of one push may cover. */
  readonly batchVoids: number
  /** One message, in bytes: bounds the memory that a peer can make us use. */
  readonly messageBytes: number
  /** Nesting of a document: recursion over it stays far from any stack's end. */
  readonly depth: number
  /** Nesting of a message: a document plus its envelope. */
  readonly messageDepth: number
  /** Values (leaves, arrays and objects) in one document, counted before anything is encoded. */
  readonly valueNodes: number
  /** How far ahead of the server an operation's time may be, in milliseconds. */
  readonly clockAheadMs: number
  /** Rows in one page. */
  readonly pageRows: number
  /** Replicas (slots) that one request may name. */
  readonly replicasPerRequest: number
  /** Check values that a server keeps per replica: how far back a repeated operation is recognised. */
  readonly checksKept: number
  /** Documents in one space, tombstones among them. */
  readonly spaceDocuments: number
  /** What the documents of one space take up on the server, in bytes. */
  readonly spaceBytes: number
  /** How long a tombstone is kept, and how long a replica may be away without starting over, in milliseconds. */
  readonly retentionMs: number
}

export const LIMITS: Limits = {
  documentBytes: 1024 * 1024,
  operationBytes: 1024 * 1024,
  batchOperations: 500,
  batchVoids: 100_000,
  messageBytes: 4 * 1024 * 1024,
  depth: 64,
  messageDepth: 80,
  valueNodes: 1_000_000,
  clockAheadMs: 5 * 60_000,
  pageRows: 1000,
  replicasPerRequest: 64,
  checksKept: 4096,
  spaceDocuments: 1_000_000,
  spaceBytes: 4 * 1024 * 1024 * 1024,
  retentionMs: 90 * 24 * 3_600_000,
}
