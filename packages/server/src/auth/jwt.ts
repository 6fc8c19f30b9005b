import { SyncError, systemClock } from '@whisker/protocol'
import {
  type CryptoKey,
  type JWTPayload,
  type JWTVerifyGetKey,
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  jwtVerify,
} from 'jose'
import { refusalOf } from '../refusal.ts'
import type { Principal } from '../principal.ts'
import type { Authenticate } from '../server-options.ts'
import { bearerOf, needsAuth } from './bearer.ts'
import { type JwtOptions, bytesOf, checkJwtOptions, readPublicKeys } from './jwt-options.ts'

const TOLERANCE_MS = 5000
const COOLDOWN_MS = 30_000
/** How long to stay away while the issuer's keys cannot be had. */
const RETRY_MS = 5000

/**
 * JSON Web Tokens of one issuer, as the server's `authenticate`. A token without end is none. Wrong options are
 * `invalid_options`; keys that cannot be fetched are `unavailable`, and nobody is refused for it.
 */
export function jwt(options: JwtOptions): Authenticate {
  checkJwtOptions(options)
  const { algorithm, issuer, audience, clockToleranceMs = TOLERANCE_MS, clock = systemClock } = options
  const principalOf = options.principal ?? bySubject
  const keyOf = keysOf(options)

  return async (request) => {
    const token = bearerOf(request)
    if (token === undefined) return undefined
    const claims = await verified(token)
    const principal = principalOf(claims)
    // As long as it is taken over HTTP.
    return principal && { ...principal, expiresAt: claims.exp * 1000 + clockToleranceMs }
  }

  async function verified(token: string): Promise<JWTPayload & { readonly exp: number }> {
    try {
      const { payload } = await jwtVerify(token, keyOf, {
        algorithms: [algorithm],
        issuer,
        audience,
        requiredClaims: ['exp'],
        clockTolerance: clockToleranceMs / 1000,
        currentDate: new Date(clock.now()),
      })
      return { ...payload, exp: payload.exp ?? 0 }
    } catch (thrown) {
      throw refusalOfToken(thrown)
    }
  }
}

function bySubject({ sub }: Readonly<Record<string, unknown>>): Principal {
  if (typeof sub === 'string' && sub !== '') return { id: sub }
  throw needsAuth('The token does not say whose it is: its `sub` is missing.')
}

function keysOf({ secret, jwksFile, jwksUrl, jwksCooldownMs }: JwtOptions): JWTVerifyGetKey {
  if (jwksFile !== undefined) return createLocalJWKSet(readPublicKeys(jwksFile))
  if (jwksUrl !== undefined) return remoteKeys(jwksUrl, jwksCooldownMs ?? COOLDOWN_MS)
  const bytes = bytesOf(secret ?? '')
  return async () => bytes
}

function remoteKeys(url: string, cooldownDuration: number): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(url), { cooldownDuration })
  return async (header, token): Promise<CryptoKey> => {
    try {
      return await keys(header, token)
    } catch (cause) {
      if (isNoKey(cause)) throw cause
      throw keysMissing(url, cause)
    }
  }
}

/** Whoever runs the server is told where and why; who shows a token, only that it is not their fault. */
function keysMissing(url: string, thrown: unknown): SyncError {
  const { host, pathname } = new URL(url)
  const { why, cause } = reasonOf(thrown)
  const refusal = refusalOf('unavailable', 'The keys that tokens are checked with cannot be had.', {
    fix: 'Try again later; whoever runs the server finds what failed in its log.',
    retryAfterMs: RETRY_MS,
  })
  return new SyncError('unavailable', `The keys of the issuer at ${host}${pathname} cannot be had: ${why}.`, {
    fix: 'See that this machine reaches that address, and that a JSON Web Key Set is shown there; it is tried again.',
    details: { refusal },
    cause,
  })
}

/** What fetch and its sockets say is in the innermost cause; jose speaks for itself, and what it wraps may quote the answer. */
function reasonOf(thrown: unknown): { readonly why: string; readonly cause: unknown } {
  let cause = thrown
  while (cause instanceof Error && !(cause instanceof errors.JOSEError) && cause.cause !== undefined)
    cause = cause.cause
  if (!(cause instanceof Error)) return { why: 'nothing is known of why', cause }
  const { code } = cause as { readonly code?: unknown }
  const [line = ''] = cause.message.trim().split('\n')
  return { why: line || (typeof code === 'string' ? code : cause.name), cause }
}

/** The keys are there, and the token's is none of them. */
const isNoKey = (thrown: unknown): boolean =>
  thrown instanceof errors.JWKSNoMatchingKey ||
  thrown instanceof errors.JWKSMultipleMatchingKeys ||
  thrown instanceof errors.JOSENotSupported

/** Why a token is refused, in words of our own: those of others, and their properties, hold its claims. */
function refusalOfToken(thrown: unknown): unknown {
  if (thrown instanceof errors.JWTExpired) return needsAuth('The token has expired.')
  if (thrown instanceof errors.JWTClaimValidationFailed) {
    return needsAuth(`The token is not for this server or not for now: its \`${thrown.claim}\` is not as expected.`)
  }
  if (thrown instanceof errors.JOSEError) return needsAuth('The token is not one that is taken here.')
  return thrown
}
