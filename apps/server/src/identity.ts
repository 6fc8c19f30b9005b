import { readFileSync } from 'node:fs'
import { SyncError } from '@whisker/protocol'
import type { Authenticate, Principal } from '@whisker/server'
import { type ApiKey, apiKeys, jwt } from '@whisker/server/auth'
import type { IdentitySettings, JwtSettings } from './settings.ts'

/** How long an open socket is believed without showing its token again: a key may have been taken off the list. */
const BELIEVED_MS = 120_000

/** Who somebody is, by the files that the settings name. Throws `invalid_options` for what cannot be read so. */
export function readIdentity(settings: IdentitySettings): Authenticate {
  const known = settings.kind === 'keys' ? apiKeys({ keys: readKeys(settings.file) }) : readJwt(settings)
  return async (request): Promise<Principal | undefined> => {
    const principal = await known(request)
    const { expiresAt = Infinity } = principal ?? {}
    return principal && { ...principal, expiresAt: Math.min(expiresAt, Date.now() + BELIEVED_MS) }
  }
}

function readJwt({ algorithm, audience, issuer, secretFile, jwks = '' }: JwtSettings): Authenticate {
  const common = { algorithm, audience, issuer }
  if (secretFile !== undefined) return jwt({ ...common, secret: readSetting(secretFile).trim() })
  return jwt({ ...common, ...(/^https?:/.test(jwks) ? { jwksUrl: jwks } : { jwksFile: jwks }) })
}

/** Their form is checked by `apiKeys`. */
function readKeys(file: string): readonly ApiKey[] {
  const text = readSetting(file)
  try {
    return JSON.parse(text) as readonly ApiKey[]
  } catch {
    // Its message shows a part of what was read.
    throw new SyncError('invalid_options', `The API keys in ${file} are no JSON.`, {
      fix: 'Write a list of what new-key prints: [{ "principal": "ada", "hash": "…" }].',
    })
  }
}

function readSetting(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new SyncError('invalid_options', `The file ${file} cannot be read: ${(cause as Error).message}.`, {
      fix: 'Check the path in the environment, and who may read it.',
      cause,
    })
  }
}
