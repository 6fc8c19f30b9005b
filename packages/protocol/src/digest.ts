import { hashText } from './hash.ts'
import { formatDot } from './identity.ts'
import type { VersionVector } from './version-vector.ts'

/**
 * All documents of a space in two numbers, whatever their order: where they are equal, both sides hold the same, but for
 * accidents and one chance in 2^52. Deleted documents do not count: when a tombstone is collected is each side's own business.
 */
export interface Digest {
  readonly documents: number
  /** The sum of their hashes, modulo 2^52. */
  readonly hash: number
}

export const EMPTY_DIGEST: Digest = Object.freeze({ documents: 0, hash: 0 })

const MODULUS = 2 ** 52

/** What a document adds to the digest of its space: it tells versions apart, and by them states. */
export function documentHash(collection: string, document: string, version: VersionVector): number {
  let text = `${collection}/${document}`
  for (const dot of version) text += ` ${formatDot(dot)}`
  return hashText(text) % MODULUS
}

/** The digest once a document that counted as `before` counts as `after`; undefined is one that does not count. */
export function changeDigest(digest: Digest, before: number | undefined, after: number | undefined): Digest {
  if (before === after) return digest
  const added = (digest.hash + (after ?? 0)) % MODULUS
  return {
    documents: digest.documents + (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1),
    hash: (added - (before ?? 0) + MODULUS) % MODULUS,
  }
}

export const sameDigest = (a: Digest, b: Digest): boolean => a.documents === b.documents && a.hash === b.hash
