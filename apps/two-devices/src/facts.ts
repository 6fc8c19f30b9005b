import type { Difference } from './check.ts'

/** What `--json` prints. */
export interface Facts {
  /** Whether everything is as the story expects. */
  readonly ok: boolean
  /** Why the story could not be told to its end. */
  readonly error?: string
  readonly seconds: number
  readonly acts: readonly { readonly title: string; readonly seconds: number }[]
  /** The push in whose middle the server was killed. */
  readonly push?: PushFacts
  /** The conflicts and copies that both devices listed before anything was settled. */
  readonly open: readonly OpenFacts[]
  /** The backup that was put in the place of the server's database. */
  readonly restore?: RestoreFacts
  /** What was typed while both devices were live. */
  readonly live?: LiveFacts
  readonly devices: readonly DeviceFacts[]
  readonly server?: { readonly bytesOnDisk: number }
  readonly differences: readonly Difference[]
}

export interface PushFacts {
  /** Operations that the laptop had to send. */
  readonly total: number
  /** Those of them it knew to be on the server when that was killed. */
  readonly acknowledged: number
  readonly batchOperations: number
}

export interface RestoreFacts {
  /** How many changes the server had taken. */
  readonly head: {
    readonly inBackup: number
    /** When its database was lost: the most that any device had seen. */
    readonly atLoss: number
    /** When the second device came back to the restored one. */
    readonly atSecondReturn: number
  }
  /** Documents that each device gave back to the server, in the order in which they returned. */
  readonly offered: readonly { readonly device: string; readonly documents: number }[]
  /** All of these documents, each counted once. */
  readonly cameBack: number
}

/** From the call that edits on one device until the other shows it, in milliseconds. */
export interface LiveFacts {
  readonly edits: number
  readonly medianMs: number
  readonly slowestMs: number
}

export interface OpenFacts {
  readonly strategy: string
  readonly document: string
  readonly shown: unknown
  readonly others: readonly unknown[]
}

export interface DeviceFacts {
  readonly name: string
  readonly documents: number
  readonly pending: number
  readonly rejected: number
  readonly conflicts: number
  readonly operationsSent: number
  readonly operationsReceived: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly bytesOnDisk: number
}

/** Facts while they are being gathered. */
export type FactsDraft = { -readonly [K in keyof Facts]: Facts[K] extends readonly (infer T)[] ? T[] : Facts[K] }

export const noFacts = (): FactsDraft => ({ ok: false, seconds: 0, acts: [], open: [], devices: [], differences: [] })
