import { readFileSync } from 'node:fs'
import type { Clock } from '@whisker/protocol'
import type { JSONWebKeySet } from 'jose'
import {
  type Rules,
  check,
  hasMethods,
  invalid,
  isFunction,
  isObject,
  isText,
  isWhole,
  orNone,
} from '../option-rules.ts'
import { isLoopbackHost } from '../loopback.ts'
import type { Principal } from '../principal.ts'

/** With one secret that both sides know, or with a key pair. */
export type JwtAlgorithm = 'HS256' | 'RS256' | 'EdDSA'

/** What a token claims, of which its signature, times, issuer and audience were found right. */
export type JwtClaims = Readonly<Record<string, unknown>>

export interface JwtOptions {
  /** The only one that is taken, whatever a token says of itself. */
  readonly algorithm: JwtAlgorithm
  /** For HS256: at least 32 random bytes. A text stands for its bytes in UTF-8. */
  readonly secret?: string | Uint8Array | undefined
  /** For RS256 and EdDSA: a file with the public keys as a JSON Web Key Set, read once, when the server is made. */
  readonly jwksFile?: string | undefined
  /** For RS256 and EdDSA: where the issuer shows its public keys, over `https:` or on this machine. */
  readonly jwksUrl?: string | undefined
  /** How soon a key that is not known has the keys fetched again: 30 seconds after the last time. */
  readonly jwksCooldownMs?: number | undefined
  /** The `iss` and the `aud` that a token has to have. */
  readonly issuer: string
  readonly audience: string
  /** How far the clock of the issuer may be off: 5 seconds. */
  readonly clockToleranceMs?: number | undefined
  /** Whom the claims stand for; without it, `sub` is the id. Undefined for nobody. When the token ends is added. */
  readonly principal?: ((claims: JwtClaims) => Principal | undefined) | undefined
  readonly clock?: Clock | undefined
}

/** As many as the hash has: with fewer, the secret is found by trying. */
const LEAST_SECRET_BYTES = 32
const MOST_MS = 2 ** 31 - 1

const isSecret = (value: unknown): boolean =>
  (typeof value === 'string' || value instanceof Uint8Array) && bytesOf(value).byteLength >= LEAST_SECRET_BYTES
const isMilliseconds = (value: unknown): boolean => isWhole(value, 0, MOST_MS)

/** Whoever stands between could put keys of their own in place of the issuer's. */
const isSafeUrl = (value: unknown): boolean => {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  const { protocol, hostname } = new URL(value)
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))
}

const RULES: Rules<JwtOptions> = {
  algorithm: ["'HS256', 'RS256' or 'EdDSA'", (value) => ['HS256', 'RS256', 'EdDSA'].includes(String(value))],
  secret: [`a secret of at least ${LEAST_SECRET_BYTES} bytes`, orNone(isSecret)],
  jwksFile: ['the path of a file', orNone(isText)],
  jwksUrl: ['a URL with https:, or one of this machine', orNone(isSafeUrl)],
  jwksCooldownMs: ['a whole number of milliseconds', orNone(isMilliseconds)],
  issuer: ['the `iss` of the tokens', isText],
  audience: ['the `aud` of the tokens', isText],
  clockToleranceMs: ['a whole number of milliseconds', orNone(isMilliseconds)],
  principal: ['a function', isFunction],
  clock: ['an object with now() and after()', orNone(hasMethods('now', 'after'))],
}

export function checkJwtOptions(options: unknown): void {
  check('jwt', RULES, options, 'secrets')
  const { algorithm, secret, jwksFile, jwksUrl } = options as JwtOptions
  const given = Object.entries({ secret, jwksFile, jwksUrl }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  )
  const right = algorithm === 'HS256' ? ['secret'] : ['jwksFile', 'jwksUrl']
  if (given.length === 1 && right.includes(given[0] ?? '')) return
  throw invalid(
    `Expected ${right.join(' or ')} for ${algorithm}, and no other key, got ${given.join(' and ') || 'none'}.`,
    `Give ${right.map((name) => `\`${name}\``).join(' or ')}: a public key that is taken for a secret lets everybody in.`,
  )
}

export const bytesOf = (secret: string | Uint8Array): Uint8Array =>
  typeof secret === 'string' ? new TextEncoder().encode(secret) : secret

/** Reads a JSON Web Key Set. What is none, or holds more than public keys, is `invalid_options`. */
export function readPublicKeys(path: string): JSONWebKeySet {
  const set = parsed(path)
  if (!isObject(set) || !Array.isArray(set['keys']) || set['keys'].length === 0 || !set['keys'].every(isObject)) {
    throw invalid(`Expected a JSON Web Key Set in ${path}.`, 'It is an object like { "keys": [{ "kty": "RSA", … }] }.')
  }
  if (set['keys'].some((key) => 'd' in key || 'k' in key)) {
    throw invalid(
      `Expected public keys only in ${path}, got a private one.`,
      'Whoever checks a token needs no private key: leave it out.',
    )
  }
  return { keys: set['keys'] }
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    // Its message shows a part of what was read.
    throw invalid(
      `Expected JSON in the file ${path}, which can be read.`,
      'Give the path of a file with a JSON Web Key Set.',
    )
  }
}
