import { createHash } from 'node:crypto'
import { type Random, systemRandom } from '@whisker/protocol'
import { invalid } from '../option-rules.ts'

export interface MintedApiKey {
  /** Given to whoever is to use it, and kept nowhere else. */
  readonly key: string
  /** What the server keeps. */
  readonly hash: string
}

/** So that a key is recognised where it should not be: in a repository, in a log. */
const PREFIX = 'whisker_'
const RANDOM_BYTES = 32
/** 128 random bits in base64url. What a person thinks up is guessed, because this hash is a quick one. */
const LEAST_CHARACTERS = 22

/** A new key with 256 random bits, and its hash. */
export function mintApiKey(random: Random = systemRandom): MintedApiKey {
  const key = `${PREFIX}${Buffer.from(random.bytes(RANDOM_BYTES)).toString('base64url')}`
  return { key, hash: hashApiKey(key) }
}

/** The SHA-256 of a key, in 64 hex digits. A key that is too short to be random is `invalid_options`. */
export function hashApiKey(key: string): string {
  if (typeof key === 'string' && key.length >= LEAST_CHARACTERS && /^[\x21-\x7e]+$/.test(key)) {
    return createHash('sha256').update(key).digest('hex')
  }
  throw invalid(
    `Expected a key of at least ${LEAST_CHARACTERS} visible ASCII characters that were drawn by chance.`,
    'Take one from mintApiKey().',
  )
}

export const isApiKeyHash = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
