import type { Authenticate, Authorize } from '@whisker/server'
import { isUrlOf, readIdentity } from './identity.ts'
import { readRights } from './rights.ts'
import type { Settings } from './settings.ts'
import { hasExpired, warningsOf } from './warnings.ts'

/** Who comes in and what they may do, as the files say at the time. */
export interface Access {
  readonly authenticate: Authenticate | undefined
  readonly authorize: Authorize
  /** What was read, in words; empty where there is nothing to read. */
  readonly contents: string
  readonly warnings: readonly string[]
}

/** Throws `invalid_options` for a file that cannot be read so. */
export function readAccess({ identity: setting, rights }: Pick<Settings, 'identity' | 'rights'>): Access {
  const nowMs = Date.now()
  const identity = setting && readIdentity(setting)
  const keys = identity?.keys
  const { authorize, rules } = readRights(rights)
  const contents = [
    keys && `${counted(keys.length, 'key')}${expiredAmong(keys.filter((key) => hasExpired(key, nowMs)).length)}`,
    setting?.kind === 'jwt' ? whatChecks(setting.jwks) : undefined,
    rules && `${counted(rules.length, 'entry', 'entries')} of rights`,
  ]
  return {
    authenticate: identity?.authenticate,
    authorize,
    contents: contents.filter((part) => part !== undefined).join('; '),
    warnings: warningsOf({ keys, rules, isOwn: rights === 'own' }, nowMs),
  }
}

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`
const expiredAmong = (count: number): string => (count === 0 ? '' : `, ${count} of them expired`)

function whatChecks(jwks: string | undefined): string {
  if (jwks === undefined) return 'the secret of tokens'
  return `the public keys of tokens${isUrlOf(jwks) ? ', which are fetched with the next one' : ''}`
}
