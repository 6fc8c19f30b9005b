import type { Clock, Limits, Operation, Random, Reason, SyncStore } from '@whisker/protocol'
import type { ShownDocument } from './document-draft.ts'

/** Whoever makes a request. Replica ids are bound to the principal that first used them. */
export interface Principal {
  readonly id: string
}

/** Who makes a request; undefined if nobody known does. It may look at the headers, never at the body. */
export type Authenticate = (request: Request) => Principal | undefined | Promise<Principal | undefined>

export type Action = 'create' | 'read' | 'write'
/** The one place where rights are asked for, before anything of a space is read for somebody. */
export type Authorize = (principal: Principal, space: string, action: Action) => boolean | Promise<boolean>

/**
 * The app's own check of a new operation, with the document as `auto_merge` shows it. It runs inside the
 * transaction: a pure, quick function. What it returns is why the operation is rejected.
 */
export type Validate = (operation: Operation, document: ValidatedDocument) => Reason | undefined

export interface ValidatedDocument {
  readonly before: ShownDocument
  readonly after: ShownDocument
}

export interface ServerOptions {
  readonly store: SyncStore
  /** Without it the server is open: everyone is the principal `local`, and it answers on loopback only. */
  readonly authenticate?: Authenticate | undefined
  /** Without it, whoever is authenticated may do everything in every space. */
  readonly authorize?: Authorize | undefined
  readonly validate?: Validate | undefined
  readonly limits?: Partial<Limits> | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** Takes one line of JSON for each request: no contents, no ids of documents, no tokens. */
  readonly log?: ((line: string) => void) | undefined
}

export interface SyncServer {
  /** Whether it has no authentication. */
  readonly isOpen: boolean
  /** Resolves when the store has taken the server's epoch; a request waits for it too. */
  ready(): Promise<void>
  /** Answers every request, and never rejects. */
  fetch(request: Request): Promise<Response>
  /** Refuses new requests, lets running ones finish, up to ten seconds, then closes the store. */
  close(): Promise<void>
}

export interface ServeOptions {
  /** From 0 to 65535; 0 takes a free one. */
  readonly port: number
  /** The address to listen at: loopback, unless told otherwise. */
  readonly host?: string | undefined
  /** On SIGTERM and SIGINT: closes, then ends the process. A second signal ends it at once. */
  readonly drainOnSignal?: boolean | undefined
}
