import { type Refusal, SyncError, type SyncErrorCode, isSyncError } from '@whisker/protocol'

/** The HTTP status of each code that a whole request can be refused with; any other is the server's own failure. */
const STATUSES: Readonly<Partial<Record<SyncErrorCode, number>>> = {
  bad_message: 400,
  bad_request: 400,
  unsupported_version: 400,
  needs_auth: 401,
  forbidden: 403,
  wrong_principal: 403,
  resync: 409,
  new_epoch: 409,
  too_large: 413,
  rate_limited: 429,
  server_error: 500,
  unavailable: 503,
  space_full: 507,
  disk_full: 507,
}

/** A request that is answered with a refusal: thrown anywhere inside, caught once at the edge. */
export interface RefusedRequest {
  readonly status: number
  readonly refusal: Refusal
}

export const refusalOf = (code: SyncErrorCode, message: string, extra: Partial<Refusal> = {}): Refusal => ({
  fix: undefined,
  reason: undefined,
  epochs: [],
  timeMs: undefined,
  retryAfterMs: undefined,
  replicas: [],
  head: undefined,
  ...extra,
  code,
  message,
})

/** In the same words whether there is no such space, it is not for them, or their device was revoked. */
export const noSuchSpace = (): Refusal =>
  refusalOf('forbidden', 'There is no such space for you.', {
    fix: 'Ask whoever runs the space whether you, or this device, may use it; what is written here is kept.',
  })

/** To who may read: it is no secret to them whether there is such a space. */
export const readOnly = (): Refusal =>
  refusalOf('forbidden', 'You may read this space, and not write to it.', {
    fix: 'Ask whoever runs the space for the right to write; what is written here is kept.',
  })

/** How long a closing server waits for running requests, and how long it tells others to stay away. */
export const DRAIN_MS = 10_000

export const SERVER_CLOSES: RefusedRequest = {
  status: 503,
  refusal: refusalOf('unavailable', 'The server is closing.', { retryAfterMs: DRAIN_MS }),
}

/** The error that carries a refusal through the code; `status` where it is not the code's own, `cause` for the log. */
export const refused = (refusal: Refusal, status?: number, cause?: unknown): SyncError =>
  new SyncError(refusal.code as SyncErrorCode, refusal.message, {
    fix: refusal.fix,
    details: { refusal, status },
    cause,
  })

/** What a client is told of anything thrown: of what is the server's own failure, only that it failed. */
export function refusalFor(thrown: unknown): RefusedRequest {
  if (isSyncError(thrown)) {
    const { refusal, status } = thrown.details as { refusal?: Refusal; status?: number }
    const own = status ?? STATUSES[thrown.code]
    if (own !== undefined) {
      return { status: own, refusal: refusal ?? refusalOf(thrown.code, thrown.message, { fix: thrown.fix }) }
    }
  }
  return { status: 500, refusal: refusalOf('server_error', 'The server failed to answer this request.') }
}
