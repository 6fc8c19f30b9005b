import type { Clock, DeviceList, Limits, Operation, Random, Reason, RevokedDevice, SyncStore } from '@whisker/protocol'
import type { CollectedTombstones } from './collect-tombstones.ts'
import type { CorsOptions } from './cors.ts'
import type { ShownDocument } from './document-draft.ts'
import type { ServerSession } from './server-session.ts'

/** Whoever makes a request. Replica ids are bound to the principal that first used them. */
export interface Principal {
  readonly id: string
}

/** Who makes a request; undefined if nobody known does. It may look at the headers, never at the body. */
export type Authenticate = (request: Request) => Principal | undefined | Promise<Principal | undefined>

/** `create`: to push to a space that is not there yet. `manage`: to revoke devices. */
export type Action = 'create' | 'read' | 'write' | 'manage'
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
  /** The web pages of other origins that may read the answers; without it, none. */
  readonly cors?: CorsOptions | undefined
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
  /** What one client does that comes another way than by `fetch`: whoever asks has found out who it is. */
  session(principal: Principal): ServerSession
  /** Who works on a space, for whoever runs the server: nobody's rights are asked for. */
  devices(space: string): Promise<DeviceList>
  /** Bars a device from a space, for ever. Done twice, it stays as it was. A device that was never there is `bad_request`. */
  revoke(space: string, device: string): Promise<RevokedDevice>
  /** Removes the tombstones of a space that nobody needs any more; it happens by itself, too, at most once an hour. */
  collect(space: string): Promise<CollectedTombstones>
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
  readonly timeouts?: Partial<SocketTimeouts> | undefined
}

/** How long a connection may keep others waiting, in milliseconds. */
export interface SocketTimeouts {
  /** From the first byte of a request, or from connecting, to the end of its headers: 20 seconds. */
  readonly headersMs: number
  /** To the end of its body: 2 minutes, in which a slow phone sends a full push. Not less than `headersMs`. */
  readonly requestMs: number
  /** In which nothing moves in either direction: 2 minutes. More than the 25 seconds that a pull may wait. */
  readonly idleMs: number
}
