import { type Clock, SyncError } from '@whisker/protocol'
import { inTime } from './in-time.ts'
import { isLoopbackHost } from './loopback.ts'
import type { Principal } from './principal.ts'
import type { Authenticate } from './server-options.ts'

/** Everyone, on a server without authentication. */
const LOCAL: Principal = Object.freeze({ id: 'local' })

/** Who makes a request. Throws if that cannot be told, before anything else of the request is looked at. */
export async function identify(
  request: Request,
  authenticate: Authenticate | undefined,
  origins: readonly string[],
  clock: Clock,
): Promise<Principal> {
  refuseTokenInUrl(request)
  if (!authenticate) return identifyLocal(request, origins)
  const principal = await inTime('authenticate', authenticate(request), clock)
  if (principal) return principal
  throw new SyncError('needs_auth', 'Nobody is signed in with this request.', {
    fix: 'Send a valid token in the Authorization header.',
  })
}

/**
 * Refuses a socket before anybody says who they are. Any page may open one anywhere, and no preflight asks first: only
 * the pages on the list are let in, and what is no page.
 */
export function checkUpgrade(request: Request, isOpen: boolean, origins: readonly string[]): void {
  refuseTokenInUrl(request)
  if (isOpen) return void identifyLocal(request, origins)
  const origin = request.headers.get('origin')
  if (origin === null || origins.includes(origin)) return
  throw new SyncError('forbidden', 'Pages of this origin may not open a socket here.', {
    fix: 'Name the exact origin of the page in `cors`.',
  })
}

function refuseTokenInUrl(request: Request): void {
  const { searchParams } = new URL(request.url)
  if (!searchParams.has('token') && !searchParams.has('access_token')) return
  throw new SyncError('bad_request', 'A token in a URL ends up in logs, so none is taken from there.', {
    fix: 'Send the token in the Authorization header, or on a socket in its first message.',
  })
}

function identifyLocal(request: Request, origins: readonly string[]): Principal {
  const { hostname } = new URL(request.url)
  // A web page elsewhere can point a name of its own at this machine, and would then be let in.
  if (isLoopbackHost(hostname) && isOwnOrigin(request.headers.get('origin'), origins)) return LOCAL
  throw new SyncError('forbidden', 'A server without authentication answers only to a loopback name and its pages.', {
    fix: 'Give the server `authenticate`, or name the page in `cors`.',
  })
}

/** Nobody's page, one of this machine, or one that is on the list. No token stands between any other and what is here. */
const isOwnOrigin = (origin: string | null, origins: readonly string[]): boolean =>
  origin === null || origins.includes(origin) || (URL.canParse(origin) && isLoopbackHost(new URL(origin).hostname))
