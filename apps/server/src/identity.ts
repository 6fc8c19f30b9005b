import { SyncError, isSyncError } from '@whisker/protocol'
import type { Authenticate, Principal } from '@whisker/server'
import { type ApiKey, apiKeys, jwt } from '@whisker/server/auth'
import { readJson, readText, wrongFile } from './files.ts'
import type { IdentitySettings, JwtSettings } from './settings.ts'

export interface Identity {
  readonly authenticate: Authenticate
  /** Those on the list; undefined where tokens tell who somebody is. */
  readonly keys?: readonly ApiKey[] | undefined
}

/** How long an open socket is believed without showing its token again: a key may have been taken off the list. */
const BELIEVED_MS = 120_000
/** As many as the hash of HS256 has. */
const LEAST_SECRET_BYTES = 32
const KEYS_FIX = 'Write a list of what new-key prints: [{ "principal": "ada", "hash": "…" }]; `keys[0]` is the first.'
const SECRET_FIX = 'Write it as text: openssl rand -base64 48 > secret'
const JWKS_FIX = 'Name the https url at which the issuer shows its public keys, or a file with them.'

/** Who somebody is, by the files that the settings name. Throws `invalid_options` for what cannot be read so. */
export function readIdentity(settings: IdentitySettings): Identity {
  const { authenticate, keys } = settings.kind === 'keys' ? fromKeys(settings.file) : fromJwt(settings)
  return {
    keys,
    async authenticate(request): Promise<Principal | undefined> {
      const principal = await authenticate(request)
      const { expiresAt = Infinity } = principal ?? {}
      return principal && { ...principal, expiresAt: Math.min(expiresAt, Date.now() + BELIEVED_MS) }
    },
  }
}

function fromKeys(path: string): Identity {
  const file = { variable: 'WHISKER_API_KEYS', path }
  const list = readJson(file, KEYS_FIX)
  if (!Array.isArray(list)) throw wrongFile(file, 'Expected a list of keys, got something else.', KEYS_FIX)
  const keys = list as readonly ApiKey[]
  try {
    return { authenticate: apiKeys({ keys }), keys }
  } catch (error) {
    if (!isSyncError(error)) throw error
    throw wrongFile(file, error.message, `${error.fix ?? ''} ${KEYS_FIX}`.trim(), error)
  }
}

function fromJwt({ algorithm, audience, issuer, secretFile, jwks = '' }: JwtSettings): Identity {
  const common = { algorithm, audience, issuer }
  if (secretFile !== undefined) return { authenticate: jwt({ ...common, secret: readSecret(secretFile) }) }
  const isUrl = isUrlOf(jwks)
  try {
    return { authenticate: jwt({ ...common, ...(isUrl ? { jwksUrl: jwks } : { jwksFile: jwks }) }) }
  } catch (error) {
    if (!isSyncError(error)) throw error
    // A url may hold a password.
    const what = isUrl ? 'Expected a url with https:, or one of this machine.' : error.message
    throw new SyncError('invalid_options', `WHISKER_JWT_JWKS: ${what}`, { fix: JWKS_FIX, cause: error })
  }
}

/** Whether the public keys are somewhere else, rather than in a file. */
export const isUrlOf = (jwks: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(jwks)

function readSecret(path: string): string {
  const file = { variable: 'WHISKER_JWT_SECRET_FILE', path }
  const secret = readText(file, SECRET_FIX).trim()
  if (Buffer.byteLength(secret) >= LEAST_SECRET_BYTES) return secret
  const expected = `Expected a secret of at least ${LEAST_SECRET_BYTES} bytes beside the white space around it, got fewer.`
  throw wrongFile(file, expected, SECRET_FIX)
}
