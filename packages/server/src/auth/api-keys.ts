import { createHash, timingSafeEqual } from 'node:crypto'
import { type Clock, systemClock } from '@whisker/protocol'
import { type Rules, check, hasMethods, invalid, isObject, isText, isWhole, orNone } from '../option-rules.ts'
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
  /** Each hash once. Of an empty list nobody comes in. */
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
  keys: ['a list of { hash, principal }', (value) => Array.isArray(value)],
  clock: ['an object with now() and after()', orNone(hasMethods('now', 'after'))],
}
/** In milliseconds this is a day of 1973, in seconds one that is far away. */
const LEAST_TIME_MS = 1e11
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
  const places = new Map<string, number>()
  for (const [place, key] of (options as ApiKeysOptions).keys.entries()) {
    check(`\`keys[${place}]\``, KEY_RULES, key, 'secrets')
    checkTime(key, place)
    const before = places.get(key.hash)
    if (before !== undefined) {
      throw invalid(
        `Expected each key once, got the hash of \`keys[${before}]\` again in \`keys[${place}]\`.`,
        'Give everybody a key of their own, and leave one of the two out.',
      )
    }
    places.set(key.hash, place)
  }
}

/** Taken for milliseconds, a time in seconds is long over, and the key good for nothing. */
function checkTime({ expiresAt = LEAST_TIME_MS }: ApiKey, place: number): void {
  if (expiresAt >= LEAST_TIME_MS) return
  throw invalid(
    `Expected \`expiresAt\` of \`keys[${place}]\` in milliseconds since 1970; these look like seconds.`,
    'Multiply it by 1000, or take what Date.UTC(2030, 0, 1) gives.',
  )
}
