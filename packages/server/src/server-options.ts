import type { Principal } from './principal.ts'
import type { Clock, DeviceList, Limits, Operation, Random, Reason, RevokedDevice, SyncStore } from '@whisker/protocol'
import type { CollectedTombstones } from './collect-tombstones.ts'
import type { CorsOptions } from './cors.ts'
import type { ShownDocument } from './document-draft.ts'
import type { ClientConnection, ServerClient } from './server-client.ts'
import type { ServerSession } from './server-session.ts'
import type { SocketLimits } from './socket-limits.ts'

/** Who makes a request; undefined if nobody known does. It may look at the headers, never at the body. */
export type Authenticate = (request: Request) => Principal | undefined | Promise<Principal | undefined>

/** `create`: to push to a space that is not there yet. `manage`: to revoke devices. */
export type Action = 'create' | 'read' | 'write' | 'manage'
/**
 * The one place where rights are asked for, before anything of a space is read for somebody. An answer is trusted for a
 * second at most; a question that fails is asked again by whoever comes next.
 */
export type Authorize = (principal: Principal, space: string, action: Action) => boolean | Promise<boolean>

/** Whose rights are asked for anew: of one principal, in one space, or of all. */
export interface Recheck {
  /** The id of a principal. */
  readonly principal?: string | undefined
  readonly space?: string | undefined
}

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
  /** What sockets may take up. */
  readonly sockets?: Partial<SocketLimits> | undefined
  /** The web pages of other origins that may read the answers and open sockets; without it, none. */
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
  /**
   * Opens a socket, or refuses to over HTTP: what Node's `upgrade` event gives, of requests for `/v1/socket`. An app
   * that serves under a prefix takes it off the `url` before, as it does for `fetch`. The address is whom its limits count; where a proxy stands before, it is the one that the proxy tells.
   */
  upgrade(incoming: UpgradeRequest, socket: UpgradeSocket, head: Uint8Array, remoteAddress?: string): void
  /** What one client does that comes another way than by `fetch`: whoever asks has found out who it is. */
  session(principal: Principal): ServerSession
  /** The same for one that speaks in the messages of a socket, which may be none of Node's. Ask while the server is open. */
  client(connection: ClientConnection): ServerClient
  /** Who works on a space, for whoever runs the server: nobody's rights are asked for. */
  devices(space: string): Promise<DeviceList>
  /** Bars a device from a space, for ever. Done twice, it stays as it was. A device that was never there is `bad_request`. */
  revoke(space: string, device: string): Promise<RevokedDevice>
  /**
   * Says that rights have changed: nothing that `authorize` said of them before is trusted any more, and the
   * subscriptions they have open are looked at now instead of within a second. Resolves when that is done, and those
   * that may not be any more have ended. One of which `authorize` fails stays, is told no change, and is asked of again.
   */
  recheck(whose?: Recheck): Promise<void>
  /** What it counted since its start, in the text format of Prometheus: nothing that anybody wrote, no name of a space or a principal. */
  metrics(): string
  /** Removes the tombstones of a space that nobody needs any more; it happens by itself, too, at most once an hour. */
  collect(space: string): Promise<CollectedTombstones>
  /** Refuses new requests, lets running ones finish, up to ten seconds, then closes the store. */
  close(): Promise<void>
}

/** Node's `IncomingMessage`: named by what is of use to a host, so that these types need none of Node's. */
export interface UpgradeRequest {
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly rawHeaders: readonly string[]
}
/** Node's `Duplex`, the connection that the request came on. */
export interface UpgradeSocket {
  readonly readable: boolean
  readonly writable: boolean
  destroy(): unknown
}

export interface ServeOptions {
  /** From 0 to 65535; 0 takes a free one. */
  readonly port: number
  /** The address to listen at: loopback, unless told otherwise. */
  readonly host?: string | undefined
  /** On SIGTERM and SIGINT: closes, then ends the process. A second signal ends it at once. */
  readonly drainOnSignal?: boolean | undefined
  readonly timeouts?: Partial<SocketTimeouts> | undefined
  /** Where a socket comes from, where a proxy stands before: what its header says, if nobody can reach past the proxy. */
  readonly remoteAddress?: ((incoming: UpgradeRequest) => string | undefined) | undefined
}

export interface ServeMetricsOptions {
  /** From 0 to 65535; 0 takes a free one. */
  readonly port: number
  /** The address to listen at: loopback, unless told otherwise. Nobody who reads it is asked who they are. */
  readonly host?: string | undefined
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
