import { createHash, timingSafeEqual } from 'node:crypto'
import { type Clock, systemClock } from '@whisker/protocol'
import { type Rules, check, hasMethods, isObject, isText, isWhole, orNone } from '../option-rules.ts'
import type { Principal } from '../principal.ts'
import type { Authenticate } from '../server-options.ts'
import { isApiKeyHash } from './api-key-hash.ts'
import { bearerOf, needsAuth } from './bearer.ts'

export interface ApiKey {
  /** What `hashApiKey(key)` gives. */
  readonly hash: string
  /** Whose it is; several keys may be of one. An object reaches `authorize` with all that it holds. */
  readonly principal: string | Principal
  /** In milliseconds since 1970; without it, the key is good until it is taken off the list. */
  readonly expiresAt?: number | undefined
}

export interface ApiKeysOptions {
  readonly keys: readonly ApiKey[]
  readonly clock?: Clock | undefined
}

/** Keys that do not change while the server runs, as its `authenticate`. Wrong options are `invalid_options`. */
export function apiKeys(options: ApiKeysOptions): Authenticate {
  checkApiKeys(options)
  const { clock = systemClock } = options
  const records = options.keys.map((key) => ({ key, hash: Buffer.from(key.hash, 'hex') }))

  return (request) => {
    const shown = bearerOf(request)
    if (shown === undefined) return undefined
    const hash = createHash('sha256').update(shown).digest()
    // Each is compared, so that the time tells nothing of which it was.
    const [found] = records.filter((record) => timingSafeEqual(record.hash, hash))
    if (!found) return undefined
    const { expiresAt, principal } = found.key
    if (expiresAt !== undefined && clock.now() >= expiresAt) throw needsAuth('The key has expired.')
    const known = typeof principal === 'string' ? { id: principal } : principal
    return expiresAt === undefined ? known : { ...known, expiresAt }
  }
}

const OPTION_RULES: Rules<ApiKeysOptions> = {
  keys: ['a list of { hash, principal }', (value) => Array.isArray(value) && value.length > 0],
  clock: ['an object with now() and after()', orNone(hasMethods('now', 'after'))],
}
const KEY_RULES: Rules<ApiKey> = {
  hash: ['the 64 hex digits that hashApiKey(key) gives, not the key itself', isApiKeyHash],
  principal: [
    'the id of a principal, or an object with an `id`',
    (value) => isText(isObject(value) ? value['id'] : value),
  ],
  expiresAt: ['milliseconds since 1970', orNone((value) => isWhole(value, 0, Number.MAX_SAFE_INTEGER))],
}

function checkApiKeys(options: unknown): void {
  check('apiKeys', OPTION_RULES, options, 'secrets')
  for (const key of (options as ApiKeysOptions).keys) check('a key of apiKeys', KEY_RULES, key, 'secrets')
}
